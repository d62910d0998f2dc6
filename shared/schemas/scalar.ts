import * as v from "valibot";
import { type Example, published } from "./published.ts";

/**
 * The small readers that every LiveChat shape is made of. They are tolerant on the way in (`null`, numbers for text,
 * two spellings of time) and exact on the way out. What `published` says of them is what comes out.
 */

/** Text; LiveChat sends some ids and versions as numbers. */
export const text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], "must be text"),
  v.transform(String),
  published({ jsonSchema: { type: "string" } }),
);

/** A whole number, which the connector sends as a string of digits in places. */
export const integer = v.pipe(
  v.union(
    [v.pipe(v.number(), v.integer()), v.pipe(v.string(), v.regex(/^-?\d+$/), v.transform(Number))],
    "must be a whole number",
  ),
  published({ jsonSchema: { type: "integer" } }),
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
  published({ jsonSchema: { type: "boolean" } }),
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
  published({ jsonSchema: { type: "string", format: "date-time" } }),
);

/** A moment of our own making, as {@link time} gives it. */
export const moment = v.pipe(v.string(), published({ jsonSchema: { type: "string", format: "date-time" } }));

/** How many there are of something. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Epoch seconds reach this value in the year 5138; epoch milliseconds passed it in 1973. */
const MILLISECONDS_FROM = 1e11;
const DIGITS = /^\d+(\.\d+)?$/;
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Reads either spelling of time; `undefined` when it is neither, no day of the calendar, or past the year 9999. */
export function readTime(value: number | string): string | undefined {
  const epoch = typeof value === "number" ? value : DIGITS.test(value) ? Number(value) : undefined;
  if (epoch !== undefined) return toIso(epoch < MILLISECONDS_FROM ? epoch * 1000 : epoch);
  const [, day, clock = "00:00", offset = "Z"] = ISO.exec(String(value).trim()) ?? [];
  // `Date` makes the 2nd of March of the 30th of February.
  if (day === undefined || toIso(Date.parse(day))?.slice(0, 10) !== day) return undefined;
  return toIso(Date.parse(`${day}T${clock}${offset.toUpperCase()}`));
}

function toIso(milliseconds: number): string | undefined {
  const date = new Date(Math.round(milliseconds));
  if (Number.isNaN(date.valueOf())) return undefined;
  const iso = date.toISOString();
  // Longer years have a sign, are no `date-time` (RFC 3339), and sort wrongly as text.
  return /^\d{4}-/.test(iso) ? iso : undefined;
}

/**
 * A field that LiveChat may leave out or send as `null`; both come out as absent. So does what PHP puts in an empty
 * place, an empty list for an object or an empty text for a time, where the field itself can't be that.
 */
export function maybe<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(
    v.pipe(
      nullish(schema),
      v.transform((value): v.InferOutput<Schema> | undefined => value ?? undefined),
      published({ comesOut: 0 }),
    ),
  );
}

/** `v.nullable`, for which an empty place counts as `null`. */
function nullish<const Schema extends v.GenericSchema>(schema: Schema): v.NullableSchema<Schema, undefined> {
  return reading(v.nullable(schema), null, (value) => isEmpty(value) && !v.is(schema, value));
}

function isEmpty(value: unknown): boolean {
  return value === "" || (Array.isArray(value) && value.length === 0);
}

/** A list that LiveChat may leave out, send as `null`, or as `{}` where PHP made an empty array an object. */
export function listOf<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(reading(v.array(schema, "must be a list"), [], isNoList));
}

function isNoList(value: unknown): boolean {
  return typeof value === "object" && !Array.isArray(value) && Object.keys(value ?? {}).length === 0;
}

/** The same schema, which reads a value that `isHole` says is none as this one. */
function reading<Schema extends v.GenericSchema>(
  schema: Schema,
  empty: v.InferInput<Schema>,
  isHole: (value: unknown) => boolean,
): Schema {
  return {
    ...schema,
    "~run": (dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) =>
      schema["~run"](isHole(dataset.value) ? { ...dataset, value: empty } : dataset, config),
  };
}

/**
 * The words that a field is published with: the connector's title, and its description as a sentence. Parameters have
 * an example, unless their default or their words are one.
 */
export function named<const Schema extends v.GenericSchema>(
  schema: Schema,
  title: string,
  description: string,
  example?: Example<Schema>,
) {
  return v.pipe(schema, v.title(title), v.description(description), published({ example }));
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
