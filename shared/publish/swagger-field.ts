import type { Designer } from "../schemas/vocabulary.ts";
import type { JsonSchema } from "./json-schema.ts";

/** A schema in Swagger 2.0 with Microsoft's extensions. */
export type SwaggerField = {
  type?: string;
  properties?: Record<string, SwaggerField>;
  items?: SwaggerField;
  required?: string[];
  [keyword: string]: unknown;
};

/** Where the rules of `json-schema.ts` put a designer's hint, for this file to find. */
export const HINT = "x-designer";

/** What Swagger 2.0 says in the same words. */
const SAME = [
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

/** Microsoft's connector has no other formats, though its schema lists some: for `email`, a form offers colleagues. */
const FORMATS = new Set(["date", "date-time"]);

/**
 * Says a JSON Schema in Swagger 2.0: titles are `x-ms-summary`, and hints for the designer its other extensions.
 *
 * @param at where it stands, for the error
 * @throws {Error} for what a connector cannot say: a choice between shapes
 */
export function toSwaggerField(schema: JsonSchema, at: string): SwaggerField {
  for (const choice of ["anyOf", "oneOf", "allOf", "not"] as const) {
    if (schema[choice]) throw new Error(`${at}: a connector cannot say ${choice}`);
  }
  const { title, description, format, items } = schema;
  return {
    ...Object.fromEntries(Object.entries(schema).filter(([keyword]) => SAME.includes(keyword))),
    ...(schema.const !== undefined && { type: typeof schema.const, enum: [schema.const] }),
    ...(format && FORMATS.has(format) && { format }),
    ...(title && { "x-ms-summary": title }),
    ...(description && { description }),
    ...(schema.properties && propertiesOf(schema, at)),
    ...(items && { items: toSwaggerField(items as JsonSchema, `${at}[]`) }),
    ...extensionsOf(schema),
  };
}

export function hintOf(schema: JsonSchema): Designer {
  return (schema as { [HINT]?: Designer })[HINT] ?? {};
}

function propertiesOf(schema: JsonSchema, at: string): SwaggerField {
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, part]) => [name, part as JsonSchema] as const,
  );
  const required = properties
    .filter(([name, part]) => schema.required?.includes(name) || hintOf(part).required)
    .map(([name]) => name);
  const fields = properties.map(([name, part]) => {
    const field = toSwaggerField(part, `${at}.${name}`);
    // A form shows the fields of objects side by side: nothing in one that may be missing has to be filled in.
    if (!required.includes(name)) delete field.required;
    return [name, field];
  });
  return { properties: Object.fromEntries(fields), ...(required.length > 0 && { required }) };
}

function extensionsOf(schema: JsonSchema): SwaggerField {
  const { visibility, pickFrom, notificationUrl } = hintOf(schema);
  return {
    ...(visibility && { "x-ms-visibility": visibility }),
    // A form sends what it does not show.
    ...(visibility === "internal" && { default: onlyValue(schema) }),
    ...(notificationUrl && { "x-ms-visibility": "internal", "x-ms-notification-url": true }),
    ...(pickFrom && {
      "x-ms-dynamic-values": {
        operationId: pickFrom.operation,
        parameters: {},
        "value-path": pickFrom.value,
        "value-title": pickFrom.title,
      },
      "x-ms-dynamic-list": {
        operationId: pickFrom.operation,
        parameters: {},
        itemValuePath: pickFrom.value,
        itemTitlePath: pickFrom.title,
      },
    }),
  };
}

function onlyValue(schema: JsonSchema): unknown {
  return schema.default ?? schema.const ?? (schema.enum?.length === 1 ? schema.enum[0] : undefined);
}
