import type { JsonSchema } from "./json-schema.ts";

/** The example of a schema: its own, or the example of its component, its first alternative or its items. */
export function exampleOf(
  schema: JsonSchema,
  components: Readonly<Record<string, JsonSchema>> = {},
): unknown {
  const [own = schema.default ?? schema.const ?? schema.enum?.[0]] = schema.examples ?? [];
  if (own !== undefined) return own;
  if (schema.$ref) return exampleOf(components[schema.$ref.split("/").at(-1) ?? ""] ?? {}, components);
  if (schema.anyOf) return exampleOf(schema.anyOf[0] as JsonSchema, components);
  return schema.type === "array" ? [exampleOf(schema.items as JsonSchema, components)] : undefined;
}
