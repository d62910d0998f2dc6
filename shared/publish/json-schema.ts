import { type ConversionConfig, toJsonSchema as convert, type JsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import type { Designer, Facts } from "../schemas/vocabulary.ts";

export type { JsonSchema };

export type Rules = {
  /** What stands where a named shape is used: the shape itself, or a reference to it. */
  component(name: string, shape: JsonSchema): JsonSchema;
  /** What stands where a field has a hint for Power Automate's designer; nothing by default. */
  designer?(field: JsonSchema, hint: Designer): JsonSchema;
};

/** Marks a pipe with a transformation until `published({ output })` names the schema of its result. */
const UNSAID = "the output of a transformation here has no schema";

/**
 * Converts a schema to JSON Schema (2020-12). A schema with a transformation is shown as its output: callers should send
 * what the app itself answers.
 *
 * @throws {Error} for a transformation without `published({ output })`
 */
export function toJsonSchema(schema: v.GenericSchema, rules: Rules): JsonSchema {
  const converted = convert(schema, {
    target: "draft-2020-12",
    // Only code can check these; their messages explain them.
    ignoreActions: ["check", "raw_check"],
    overrideAction: ({ valibotAction, jsonSchema }) => {
      if (["transform", "raw_transform"].includes(valibotAction.type))
        return { ...jsonSchema, $comment: UNSAID };
      return "metadata" in valibotAction
        ? state(valibotAction.metadata as Facts, jsonSchema, rules)
        : undefined;
    },
    overrideSchema: ({ jsonSchema }) => tidy(jsonSchema),
  } satisfies ConversionConfig);
  delete converted.$schema;
  // The converter collects lazy schemas here; `published({ output })` has replaced every reference to them.
  delete converted.$defs;
  assertSaid(converted);
  return converted;
}

/** Applies the facts of a pipe, in the order of the pipe, to what the converter read before them. */
function state(facts: Facts, read: JsonSchema, rules: Rules): JsonSchema {
  // The converter has put the facts among the keywords of JSON Schema.
  const { output, component, designer, example, ...keywords } = read as JsonSchema & Facts;
  let said: JsonSchema = keywords;
  if (facts.output) said = { ...wordsOf(said), ...toJsonSchema(facts.output, rules) };
  if (facts.example !== undefined) said = { ...said, examples: [facts.example as never] };
  if (facts.component) said = rules.component(facts.component, said);
  if (facts.designer) said = rules.designer?.(said, facts.designer) ?? said;
  return said;
}

function wordsOf({ title, description }: JsonSchema): JsonSchema {
  return { ...(title && { title }), ...(description && { description }) };
}

function tidy(read: JsonSchema): JsonSchema {
  const tidied = { ...read };
  if (tidied.required?.length === 0) delete tidied.required;
  // The schema of a query parameter has its default as text.
  if (typeof tidied.default === "string" && ["integer", "boolean"].includes(String(tidied.type))) {
    tidied.default = JSON.parse(tidied.default);
  }
  return tidied;
}

function assertSaid(schema: unknown, path = ""): void {
  if (typeof schema !== "object" || schema === null) return;
  if ("$comment" in schema && schema.$comment === UNSAID)
    throw new Error(`${path || "The schema"}: ${UNSAID}`);
  for (const [key, value] of Object.entries(schema)) assertSaid(value, path ? `${path}.${key}` : key);
}
