import * as v from "valibot";

/**
 * The small readers that every LiveChat shape is made of. They are tolerant on the way in (`null`, numbers for text,
 * two spellings of time) and exact on the way out. `v.metadata({ jsonSchema })` says what comes out, for the published
 * definitions: a transformation cannot be read back from code.
 */

/** Text; LiveChat sends some ids and versions as numbers. */
export const text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], "must be text"),
  v.transform(String),
  v.metadata({ jsonSchema: { type: "string" } }),
);

/** A whole number, which the connector sends as a string of digits in places. */
export const integer = v.pipe(
  v.union(
    [v.pipe(v.number(), v.integer()), v.pipe(v.string(), v.regex(/^-?\d+$/), v.transform(Number))],
    "must be a whole number",
  ),
  v.metadata({ jsonSchema: { type: "integer" } }),
);

export const flag = v.pipe(
  v.union(
    [
      v.boolean(),
      v.pipe(
        v.picklist([0, 1]),
        v.transform((bit) => bit === 1),
      ),
    ],
    "must be true or false",
  ),
  v.metadata({ jsonSchema: { type: "boolean" } }),
);

/**
 * A moment, as epoch seconds (the vendor's reference), epoch milliseconds, or ISO 8601 (the connector, webhooks); out
 * comes ISO 8601 in UTC with milliseconds. A text without an offset is read as UTC.
 */
export const time = v.pipe(
  v.union([v.number(), v.string()], "must be a time"),
  v.rawTransform<number | string, string>(({ dataset, addIssue, NEVER }) => {
    const moment = readTime(dataset.value);
    if (moment !== undefined) return moment;
    addIssue({ message: "must be a time: epoch seconds or ISO 8601" });
    return NEVER;
  }),
  v.metadata({ jsonSchema: { type: "string", format: "date-time" } }),
);

/** Epoch seconds reach this value in the year 5138; epoch milliseconds passed it in 1973. */
const MILLISECONDS_FROM = 1e11;
const DIGITS = /^\d+(\.\d+)?$/;
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Reads either spelling of time; `undefined` when it is neither, or out of a `Date`'s range. */
export function readTime(value: number | string): string | undefined {
  const epoch = typeof value === "number" ? value : DIGITS.test(value) ? Number(value) : undefined;
  if (epoch !== undefined) return toIso(epoch < MILLISECONDS_FROM ? epoch * 1000 : epoch);
  const [, day, clock = "00:00", offset = "Z"] = ISO.exec(String(value).trim()) ?? [];
  return day === undefined ? undefined : toIso(Date.parse(`${day}T${clock}${offset.toUpperCase()}`));
}

function toIso(milliseconds: number): string | undefined {
  const date = new Date(Math.round(milliseconds));
  return Number.isNaN(date.valueOf()) ? undefined : date.toISOString();
}

/** A field that LiveChat may leave out or send as `null`; both come out as absent. */
export function maybe<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(
    v.pipe(
      v.nullable(schema),
      v.transform((value): v.InferOutput<Schema> | undefined => value ?? undefined),
    ),
  );
}

/** A list that LiveChat may leave out, send as `null`, or as `{}` where PHP made an empty array an object. */
export function listOf<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(
    v.pipe(
      v.union([v.null(), v.array(schema), v.strictObject({})], "must be a list"),
      v.transform((value): v.InferOutput<Schema>[] => (Array.isArray(value) ? value : [])),
    ),
  );
}

/** The words that a field is published with: the connector's title, and its description as a sentence. */
export function named<const Schema extends v.GenericSchema>(
  schema: Schema,
  title: string,
  description: string,
) {
  return v.pipe(schema, v.title(title), v.description(description));
}

/**
 * An object that takes these fields and no others. Unlike `v.strictObject`, which stops at the first stranger, it names
 * every field that is not known, and says which are.
 */
export function exact<const Entries extends v.ObjectEntries>(entries: Entries) {
  const names = Object.keys(entries).join(", ");
  const stranger = v.never(`is not known here: ${names ? `use ${names}` : "nothing can be given"}`);
  // The rest schema would type every field as `never`; what it lets through is exactly a strict object.
  return v.objectWithRest(entries, stranger) as unknown as v.StrictObjectSchema<Entries, undefined>;
}
