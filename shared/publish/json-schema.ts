import { toJsonSchema as convert, type JsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import type { Designer, SchemaFacts } from "../schemas/vocabulary.ts";

export type { JsonSchema };

export type Rules = {
  /** Stores a named shape, and returns a reference to it. Without this rule shapes are written out. */
  component?(name: string, shape: JsonSchema): JsonSchema;
  /** Adds a hint for Power Automate's designer to a field. Without this rule hints are dropped. */
  designer?(field: JsonSchema, hint: Designer): JsonSchema;
  /** Shows the values that a schema accepts (`input`) or returns (`output`, the default). */
  shows?: "input" | "output";
};

/**
 * Converts a schema to JSON Schema (2020-12). Requests of callers are shown as output too, because callers should send the
 * spellings that the app itself answers. Only deliveries from LiveChat are shown as input.
 *
 * @throws {Error} for a pipe that ends with a transformation: the schema of its result must follow
 */
export function toJsonSchema(schema: v.GenericSchema, rules: Rules = {}): JsonSchema {
  const { $schema: _, ...converted } = convert(schema, {
    target: "draft-2020-12",
    typeMode: rules.shows ?? "output",
    // Only code can check these; their messages explain them.
    ignoreActions: ["check", "raw_check"],
    overrideAction: ({ valibotAction, jsonSchema }) =>
      "metadata" in valibotAction ? applyFacts(jsonSchema, rules) : undefined,
    overrideSchema: ({ valibotSchema, jsonSchema }) => tidy(jsonSchema, valibotSchema),
  });
  return converted;
}

/** Applies the facts of a schema, which the converter puts among the keywords of JSON Schema. */
function applyFacts(read: JsonSchema, rules: Rules): JsonSchema {
  const { input, component, designer, example, ...keywords } = read as JsonSchema & SchemaFacts;
  let shown: JsonSchema = input ? toJsonSchema(input, rules) : keywords;
  if (example !== undefined) shown = { ...shown, examples: [example as never] };
  if (component) shown = rules.component?.(componentName(component, rules), shown) ?? shown;
  if (designer) shown = rules.designer?.(shown, designer) ?? shown;
  return shown;
}

/** The name of a shape. LiveChat may send more than the app answers, so the shape of a delivery has a name of its own. */
function componentName(component: string, { shows }: Rules): string {
  return shows === "input" ? `${component}_AsSent` : component;
}

/** Tidies the JSON Schema of one schema, and adds titles and descriptions to its fields. */
function tidy(read: JsonSchema, schema: v.GenericSchema): JsonSchema {
  const tidied = { ...read };
  if (tidied.required?.length === 0) delete tidied.required;
  // An object schema without fields accepts any fields.
  if (Object.keys(tidied.properties ?? { any: true }).length === 0) tidied.additionalProperties ??= true;
  // Query parameters are text, and so are their defaults.
  if (typeof tidied.default === "string" && ["integer", "boolean"].includes(String(tidied.type))) {
    tidied.default = JSON.parse(tidied.default);
  }
  const types = tidied.anyOf?.map(typesOf);
  if (types?.every((type) => type !== undefined)) {
    delete tidied.anyOf;
    tidied.type = [...new Set(types.flat())];
  }
  if (tidied.properties && "entries" in schema) {
    tidied.properties = titled(tidied.properties, schema.entries as v.ObjectEntries);
  }
  return tidied;
}

/**
 * Gives fields the title and the description of their schemas. A described field without a title gets its name in Title
 * Case: `lastDelivery` and `last_delivery` are "Last Delivery".
 */
function titled(
  properties: NonNullable<JsonSchema["properties"]>,
  entries: v.ObjectEntries,
): JsonSchema["properties"] {
  const withTitles = Object.entries(properties).map(([name, field]) => {
    const entry = entries[name] as v.GenericSchema;
    const description = v.getDescription(entry);
    const title = v.getTitle(entry) ?? (description && toTitle(name));
    return [name, { ...(title && { title }), ...(field as JsonSchema), ...(description && { description }) }];
  });
  return Object.fromEntries(withTitles);
}

function toTitle(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").split(/[ _-]/);
  const inTitle = (word: string) =>
    /^(api|ip|url)$/.test(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1);
  return words.map(inTitle).join(" ");
}

/** The types of a schema that has no other keyword. */
function typesOf(schema: NonNullable<JsonSchema["anyOf"]>[number]) {
  const { type, ...rest } = schema as JsonSchema;
  return type !== undefined && Object.keys(rest).length === 0 ? [type].flat() : undefined;
}
