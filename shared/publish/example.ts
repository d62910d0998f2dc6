import type { JsonSchema } from "./json-schema.ts";

/**
 * An example of what a schema describes: its own, or else one put together from those of its parts. `undefined` when
 * something that is required has none.
 */
export function exampleOf(
  schema: JsonSchema,
  components: Readonly<Record<string, JsonSchema>> = {},
): unknown {
  const [own = schema.default ?? schema.const ?? schema.enum?.[0]] = schema.examples ?? [];
  if (own !== undefined) return own;
  if (schema.$ref) return exampleOf(components[schema.$ref.split("/").at(-1) ?? ""] ?? {}, components);
  if (schema.anyOf) return exampleOf(schema.anyOf[0] as JsonSchema, components);
  if (schema.type === "boolean") return true;
  if (schema.type === "array") {
    const item = exampleOf(schema.items as JsonSchema, components);
    return item === undefined ? undefined : [item];
  }
  if (schema.type !== "object") return undefined;
  const parts = Object.entries(schema.properties ?? {}).flatMap(([name, part]) => {
    const example = exampleOf(part as JsonSchema, components);
    return example === undefined ? [] : [[name, example] as const];
  });
  const given = new Set(parts.map(([name]) => name));
  return schema.required?.every((name) => given.has(name)) === false ? undefined : Object.fromEntries(parts);
}
