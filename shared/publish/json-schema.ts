import { type ConversionConfig, toJsonSchema as convert, type JsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import type { Designer, Facts } from "../schemas/published.ts";

export type { JsonSchema };

export type Rules = {
  /** What stands where a named shape is used: the shape itself, or a reference to it. */
  component(name: string, shape: JsonSchema): JsonSchema;
  /** What stands where a field has a hint for Power Automate's designer; nothing by default. */
  designer?(field: JsonSchema, hint: Designer): JsonSchema;
};

/** Stands in a schema from a transformation on until something says what comes out of it. */
const UNSAID = "what comes out of a transformation here is not said";

/**
 * Turns a schema into JSON Schema (2020-12): what comes out of it where it reads what LiveChat sends, which is also what
 * callers are to send where it reads a request.
 *
 * @throws {Error} when a schema cannot be read and has no facts instead: see `published`
 */
export function toJsonSchema(schema: v.GenericSchema, rules: Rules): JsonSchema {
  const converted = convert(schema, {
    target: "draft-2020-12",
    // What only code can check is said in words.
    ignoreActions: ["check"],
    overrideAction: ({ valibotAction, jsonSchema }) => {
      if (["transform", "raw_transform"].includes(valibotAction.type))
        return { ...jsonSchema, $comment: UNSAID };
      return "metadata" in valibotAction
        ? state(valibotAction.metadata as Facts, jsonSchema, rules)
        : undefined;
    },
    overrideSchema: ({ valibotSchema, jsonSchema }) => tidy(valibotSchema as Parsed, jsonSchema),
  } satisfies ConversionConfig);
  delete converted.$schema;
  assertSaid(converted);
  return converted;
}

/** Puts facts in place of what was read from code, in the order in which a pipe says them. */
function state(facts: Facts, read: JsonSchema, rules: Rules): JsonSchema {
  // The converter has put the facts among the keywords of JSON Schema.
  const { comesOut, component, designer, example, jsonSchema, ...keywords } = read as JsonSchema & Facts;
  let said: JsonSchema = keywords;
  if (facts.jsonSchema) said = { ...wordsOf(said), ...facts.jsonSchema };
  if (typeof facts.comesOut === "number") {
    said = { ...wordsOf(said), ...(said.anyOf?.[facts.comesOut] as JsonSchema | undefined) };
  }
  if (facts.comesOut === "same") delete said.$comment;
  if (facts.example !== undefined) said = { ...said, examples: [facts.example as never] };
  if (facts.component) said = rules.component(facts.component, said);
  if (facts.designer) said = rules.designer?.(said, facts.designer) ?? said;
  return said;
}

function wordsOf({ title, description }: JsonSchema): JsonSchema {
  return { ...(title && { title }), ...(description && { description }) };
}

/** The parts of a valibot schema that are looked at here. */
type Parsed = { type: string; default?: unknown; rest?: { type: string } };

function tidy(schema: Parsed, read: JsonSchema): JsonSchema {
  const tidied = { ...read };
  if (tidied.required?.length === 0) delete tidied.required;
  // An object that takes no other fields names them one by one by refusing each: see `exact`.
  if (schema.type === "object_with_rest" && schema.rest?.type === "never")
    tidied.additionalProperties = false;
  // A parameter's default is written as it would be in a query.
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
