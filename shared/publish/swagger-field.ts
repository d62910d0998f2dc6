import type { OpenAPIV2 as V2 } from "openapi-types";
import type { Designer } from "../schemas/vocabulary.ts";
import type { JsonSchema } from "./json-schema.ts";

/** A schema in Swagger 2.0 with Microsoft's extensions. */
type SwaggerField = V2.SchemaObject & { type: string };

/** The keyword that holds the hint for the designer until it is converted. */
export const HINT_KEY = "x-designer";

/** Keywords that Swagger 2.0 shares with JSON Schema. */
const SHARED_KEYWORDS = [
  "type",
  "enum",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "pattern",
];

/** The formats of Microsoft's connector. Others have side effects: for `email`, a form offers the user's colleagues. */
const FORMATS = new Set(["date", "date-time"]);

/**
 * Converts JSON Schema to Swagger 2.0. The title becomes `x-ms-summary`; the hint for the designer becomes other extensions.
 *
 * @param at the field's path, for the error
 * @throws {Error} for a choice between shapes or types, which a connector cannot express
 */
export function toSwaggerField(schema: JsonSchema, at: string): SwaggerField {
  for (const choice of ["anyOf", "oneOf", "allOf", "not"] as const) {
    if (schema[choice]) throw new Error(`${at}: a connector cannot express ${choice}`);
  }
  const { title, description, format, items, const: only } = schema;
  const type = only === undefined ? schema.type : typeof only;
  if (typeof type !== "string") throw new Error(`${at}: a connector needs one type`);
  return {
    ...Object.fromEntries(Object.entries(schema).filter(([keyword]) => SHARED_KEYWORDS.includes(keyword))),
    type,
    ...(only !== undefined && { enum: [only] }),
    ...(format && FORMATS.has(format) && { format }),
    ...(title && { "x-ms-summary": title }),
    ...(description && { description }),
    ...(schema.properties && propertiesOf(schema, at)),
    ...(items && { items: toSwaggerField(items as JsonSchema, `${at}[]`) }),
    ...extensionsOf(schema),
  };
}

export function hintOf(schema: JsonSchema): Designer {
  return (schema as { [HINT_KEY]?: Designer })[HINT_KEY] ?? {};
}

function propertiesOf(schema: JsonSchema, at: string): Pick<V2.SchemaObject, "properties" | "required"> {
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, part]) => [name, part as JsonSchema] as const,
  );
  const required = properties
    .filter(([name, part]) => schema.required?.includes(name) || hintOf(part).required)
    .map(([name]) => name);
  const fields = properties.map(([name, part]) => {
    const field = toSwaggerField(part, `${at}.${name}`);
    // A form shows the fields of an optional object like all others, so they must not be required.
    if (!required.includes(name)) delete field.required;
    return [name, field];
  });
  return { properties: Object.fromEntries(fields), ...(required.length > 0 && { required }) };
}

function extensionsOf(schema: JsonSchema): Record<string, unknown> {
  const { visibility, pickFrom, notificationUrl } = hintOf(schema);
  return {
    ...(visibility && { "x-ms-visibility": visibility }),
    // A flow sends the default of a hidden field.
    ...(visibility === "internal" && { default: onlyValue(schema) }),
    ...(notificationUrl && { "x-ms-notification-url": true }),
    ...(pickFrom && pickerOf(pickFrom)),
  };
}

/** The list that the designer offers, in the older and the newer form of the extension. */
function pickerOf({ operation: operationId, value, title }: NonNullable<Designer["pickFrom"]>) {
  const list = { operationId, parameters: {} };
  return {
    "x-ms-dynamic-values": { ...list, "value-path": value, "value-title": title },
    "x-ms-dynamic-list": { ...list, itemValuePath: value, itemTitlePath: title },
  };
}

function onlyValue(schema: JsonSchema): unknown {
  return schema.default ?? schema.const ?? (schema.enum?.length === 1 ? schema.enum[0] : undefined);
}
