import { type ConversionConfig, toJsonSchema as convert, type JsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import type { Designer, SchemaFacts } from "../schemas/vocabulary.ts";

export type { JsonSchema };

export type Rules = {
  /** Makes the entry in the definition where a named shape is used: the shape itself, or a reference to it. */
  component(name: string, shape: JsonSchema): JsonSchema;
  /** Adds a hint for Power Automate's designer to a field; without this rule hints are dropped. */
  designer?(field: JsonSchema, hint: Designer): JsonSchema;
  /** Shows the values that a schema accepts (`input`) or returns (`output`, the default). */
  shows?: "input" | "output";
};

/** Marks a pipe with a transformation until `published({ output })` names the schema of its result. */
const UNSAID = "the output of a transformation here has no schema";

/**
 * Converts a schema to JSON Schema (2020-12). Requests of callers are shown as output too: callers should send what the
 * app itself answers. Only deliveries from LiveChat are shown as input.
 *
 * @throws {Error} for a transformation without `published({ output })`
 */
export function toJsonSchema(schema: v.GenericSchema, rules: Rules): JsonSchema {
  const showsOutput = rules.shows !== "input";
  const converted = convert(schema, {
    target: "draft-2020-12",
    // Only code can check these; their messages explain them.
    ignoreActions: ["check", "raw_check"],
    overrideAction({ valibotAction, jsonSchema }) {
      if (["transform", "raw_transform"].includes(valibotAction.type)) {
        return showsOutput ? { ...jsonSchema, $comment: UNSAID } : jsonSchema;
      }
      return "metadata" in valibotAction
        ? applyFacts(valibotAction.metadata as SchemaFacts, jsonSchema, rules)
        : undefined;
    },
    overrideSchema: ({ jsonSchema }) => tidy(jsonSchema),
  } satisfies ConversionConfig);
  delete converted.$schema;
  // The converter collects lazy schemas here; `published` has replaced every reference to them.
  delete converted.$defs;
  assertSaid(converted);
  return converted;
}

/** Applies the facts of a pipe, in the order of the pipe, to what the converter read before them. */
function applyFacts(facts: SchemaFacts, read: JsonSchema, rules: Rules): JsonSchema {
  // The converter has put the facts among the keywords of JSON Schema.
  const { output, input, component, designer, example, ...keywords } = read as JsonSchema & SchemaFacts;
  let said: JsonSchema = keywords;
  const shown = rules.shows === "input" ? facts.input : facts.output;
  if (shown) said = { ...wordsOf(said), ...toJsonSchema(shown, rules) };
  if (facts.example !== undefined) said = { ...said, examples: [facts.example as never] };
  if (facts.component) said = rules.component(componentName(facts.component, rules), said);
  if (facts.designer) said = rules.designer?.(said, facts.designer) ?? said;
  return said;
}

/** The shape that LiveChat may send is wider than the one of the same name that the app answers. */
function componentName(component: string, { shows }: Rules): string {
  return shows === "input" ? `${component}_AsSent` : component;
}

function wordsOf({ title, description }: JsonSchema): JsonSchema {
  return { ...(title && { title }), ...(description && { description }) };
}

function tidy(read: JsonSchema): JsonSchema {
  const tidied = { ...read };
  if (tidied.required?.length === 0) delete tidied.required;
  // An object without named fields stands for any fields.
  if (Object.keys(tidied.properties ?? { any: true }).length === 0) tidied.additionalProperties ??= true;
  // The schema of a query parameter has its default as text.
  if (typeof tidied.default === "string" && ["integer", "boolean"].includes(String(tidied.type))) {
    tidied.default = JSON.parse(tidied.default);
  }
  const types = tidied.anyOf?.map(typesOf);
  if (types?.every((type) => type !== undefined)) {
    delete tidied.anyOf;
    tidied.type = [...new Set(types.flat())];
  }
  if (tidied.properties) tidied.properties = titled(tidied.properties);
  return tidied;
}

/** A described field without a title gets its name in Title Case: `lastDelivery` and `last_delivery` are "Last Delivery". */
function titled(properties: NonNullable<JsonSchema["properties"]>): JsonSchema["properties"] {
  const withTitles = Object.entries(properties).map(([name, field]) => {
    const { description, title = description && toTitle(name) } = field as JsonSchema;
    return [name, title === undefined ? field : { title, ...(field as JsonSchema) }];
  });
  return Object.fromEntries(withTitles);
}

function toTitle(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").split(/[ _-]/);
  const inTitle = (word: string) =>
    /^(api|ip|url)$/.test(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1);
  return words.map(inTitle).join(" ");
}

/** The types of a schema that says nothing else. */
function typesOf(schema: NonNullable<JsonSchema["anyOf"]>[number]) {
  const { type, ...rest } = schema as JsonSchema;
  return type !== undefined && Object.keys(rest).length === 0 ? [type].flat() : undefined;
}

function assertSaid(schema: unknown, path = ""): void {
  if (typeof schema !== "object" || schema === null) return;
  if ("$comment" in schema && schema.$comment === UNSAID)
    throw new Error(`${path || "The schema"}: ${UNSAID}`);
  for (const [key, value] of Object.entries(schema)) assertSaid(value, path ? `${path}.${key}` : key);
}
