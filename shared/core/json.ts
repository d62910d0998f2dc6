import * as v from "valibot";
import { compare, isObject } from "./values.ts";

/** The value of a JSON text, or of its UTF-8; `undefined` when it is not JSON. */
export function fromJson(json: string | Uint8Array): unknown {
  try {
    return JSON.parse(
      typeof json === "string" ? json : new TextDecoder("utf-8", { fatal: true }).decode(json),
    );
  } catch {
    return undefined;
  }
}

/** Reads a JSON text by a schema. Returns `undefined` for text that is not JSON, or does not fit the schema. */
export function readJson<Schema extends v.GenericSchema>(
  text: string,
  schema: Schema,
): v.InferOutput<Schema> | undefined {
  const read = v.safeParse(schema, fromJson(text));
  return read.success ? read.output : undefined;
}

/** Encodes values as a cursor: opaque text that callers send back unchanged. */
export function toCursor(values: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(values)).toString("base64url");
}

/** Decodes a cursor. Returns `undefined` for text that is not a cursor with values of this schema. */
export function fromCursor<Schema extends v.GenericSchema>(cursor: string, schema: Schema) {
  return readJson(Buffer.from(cursor, "base64url").toString(), schema);
}

/** JSON with sorted members: equal content gives equal text. */
export function toCanonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => compare(a, b))) : inner,
  );
}
