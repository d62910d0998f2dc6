import * as v from "valibot";
import { isObject } from "../core/is-object.ts";
import { readTime } from "./read-time.ts";

/**
 * The vocabulary of every schema in this app, in four groups: what a schema publishes (`published`, `described`, `named`, `shape`),
 * objects (`exact`), values that LiveChat sends (`text`, `identifier`, `integer`, `flag`, `time`, `maybe`, `listOf`: tolerant), and
 * values that callers send (`filled`, `email`, `wholeNumber`, `day`, `instant`, `bit`, `yesOrNo`, `oneOf`: strict).
 */

/** How Power Automate's designer treats a field, where the field's type does not say it. */
export type Designer = {
  /** `advanced` is shown on demand. `internal` is never shown: the flow sends the field's only possible value. */
  visibility?: "advanced" | "internal";
  /** The designer requires the field, as Microsoft's connector does, although the operation does not. */
  required?: true;
  /** The field is picked from the list that this operation returns; `value` and `title` are fields of its items. */
  pickFrom?: { operation: string; value: string; title: string };
  /** The flow engine fills the field with its callback URL. */
  notificationUrl?: true;
};

/** The facts of a schema that the published definitions cannot read from the schema itself. */
export type SchemaFacts = {
  /** The schema of the accepted values, where the pipe does not begin with it. */
  input?: v.GenericSchema;
  /** An example value, as it is sent or answered. */
  example?: unknown;
  /** The name under which the definitions contain the shape once. */
  component?: string;
  designer?: Designer;
} & Keywords;

/** Keywords of JSON Schema that valibot has no action for, or that replace its own. */
type Keywords = { type?: "string"; pattern?: string; minProperties?: number; additionalProperties?: false };

/** Adds facts for the published definitions to a pipe. */
export function published<Value>(facts: SchemaFacts) {
  return v.metadata<Value, SchemaFacts>(facts);
}

/** An example of a schema: as it is sent, or as it is answered. That its words are among those of a list is for a test. */
type Example<Schema extends v.GenericSchema> = Widened<v.InferInput<Schema> | v.InferOutput<Schema>>;

type Widened<Value> = Value extends string
  ? string
  : Value extends object
    ? { readonly [Key in keyof Value]: Widened<Value[Key]> }
    : Value;

/** A shape that the definitions contain once and refer to by its name, with an example. */
export function shape<const Schema extends v.GenericSchema>(
  component: string,
  schema: Schema,
  example: Example<Schema>,
) {
  return v.pipe(schema, published({ component, example }));
}

/**
 * A field with its published description (a sentence). Its published title is its name in Title Case. Parameters also need an
 * example or default.
 */
export function described<const Schema extends v.GenericSchema>(
  schema: Schema,
  description: string,
  example?: Example<Schema>,
) {
  return v.pipe(schema, v.description(description), published({ example }));
}

/** The same with a title of its own, such as one of Microsoft's connector. */
export function named<const Schema extends v.GenericSchema>(
  schema: Schema,
  title: string,
  description: string,
  example?: Example<Schema>,
) {
  return v.pipe(schema, v.title(title), v.description(description), published({ example }));
}

/** A field that Power Automate's designer shows on demand. */
export function advanced<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.pipe(schema, published({ designer: { visibility: "advanced" } }));
}

/**
 * An object with exactly these fields. `v.strictObject` stops at the first unknown field; this reports every unknown
 * field and lists the known ones.
 */
export function exact<const Entries extends v.ObjectEntries>(entries: Entries) {
  const names = Object.keys(entries);
  const advice = names.length > 0 ? `Use ${names.join(", ")}` : "No fields are accepted";
  const schema = v.pipe(
    v.looseObject(entries),
    v.rawCheck(({ dataset: { value }, config, addIssue }) => {
      if (!isObject(value)) return;
      for (const key of Object.keys(value)) {
        if (Object.hasOwn(entries, key) || config.abortEarly) continue;
        const message = `is not a known field. ${advice}`;
        addIssue({
          message,
          path: [{ type: "object", origin: "key", input: value, key, value: value[key] }],
        });
      }
    }),
    published({ additionalProperties: false }),
  );
  return schema as unknown as v.StrictObjectSchema<Entries, undefined>;
}

/** At least one field of the object is given. */
export function notEmpty<Value extends object>(names: readonly string[]) {
  return v.check<Value, string>(
    (value) => Object.values(value).some((field) => field !== undefined),
    `must have at least one of ${names.join(", ")}`,
  );
}

/** A page for browsers. */
export const html = v.pipe(v.string(), published({ example: "<!doctype html>" }));

/** Text; LiveChat sends some ids and versions as numbers. */
export const text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], "must be text"),
  v.transform(String),
  v.string(),
);

/** An id: opaque text, or a whole number of which no digit is lost. */
export const identifier = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.safeInteger())], "must be text, or a whole number below 2^53"),
  v.transform(String),
  v.string(),
);

/** A whole number; LiveChat sends some as text. */
export const integer = v.pipe(
  v.union(
    [v.pipe(v.number(), v.integer()), v.pipe(v.string(), v.regex(/^-?\d+$/), v.transform(Number))],
    "must be a whole number",
  ),
  v.number(),
  v.integer(),
);

/** True or false; LiveChat sends some as 1 and 0. */
export const flag = v.pipe(
  v.union([v.boolean(), v.picklist([0, 1])], "must be true or false"),
  v.transform((value) => value === true || value === 1),
  v.boolean(),
);

/** Microsoft's connector describes every time of LiveChat's with this. */
export const TIME_FORMAT = "yyyy-MM-ddTHH:mm:ss.fffZ.";

/** A time that this app wrote: ISO 8601 in UTC with milliseconds. */
export const moment = v.pipe(v.string(), v.isoTimestamp());

/** A time in any of LiveChat's spellings (see {@link readTime}); becomes a {@link moment}. */
export const time = v.pipe(
  v.union([v.number(), v.string()], "must be a time"),
  v.rawTransform<number | string, string>(({ dataset, addIssue, NEVER }) => {
    const read = readTime(dataset.value);
    if (read !== undefined) return read;
    addIssue({ message: "must be a time: epoch seconds or ISO 8601" });
    return NEVER;
  }),
  moment,
);

/** A number of things. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * A field that LiveChat may leave out or send as `null`; both become `undefined`. So do `""` and `[]`, where the field's
 * own schema does not accept them: PHP sends an empty list for an absent object.
 */
export function maybe<const Schema extends v.GenericSchema>(schema: Schema) {
  const isAbsent = (value: unknown) => value === null || (isEmpty(value) && !v.is(schema, value));
  return replaced((value) => (isAbsent(value) ? undefined : value), v.optional(schema));
}

function isEmpty(value: unknown): boolean {
  return value === "" || (Array.isArray(value) && value.length === 0);
}

const noList = v.union([v.null(), v.strictObject({})]);

/** A list that LiveChat may leave out, send as `null`, or as `{}`: PHP's empty array. */
export function listOf<const Schema extends v.GenericSchema>(schema: Schema) {
  return replaced((value) => (v.is(noList, value) ? [] : value), v.array(schema, "must be a list"));
}

/** An optional field: `replace` turns LiveChat's spellings of nothing into values of the schema. */
function replaced<const Schema extends v.GenericSchema>(
  replace: (value: unknown) => unknown,
  schema: Schema,
) {
  return v.optional(
    v.pipe(
      v.custom<v.InferInput<Schema> | null>(() => true),
      published({ input: v.nullable(schema) }),
      v.transform(replace),
      schema,
    ),
  );
}

/** Text that is not empty. */
export const filled = v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"));

/** An email address: one `@`, no blanks. LiveChat takes more of them than any grammar does, so it judges. */
export const email = v.pipe(
  v.string("must be text"),
  v.regex(/^[^\s@]+@[^\s@]+$/, "must be an email address, such as ana@example.com"),
);

/** A whole number in a query, between two bounds, both included. */
export function wholeNumber(least: number, most: number) {
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,16}$/, "must be a whole number"),
    v.transform(Number),
    v.number(),
    v.integer(),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
}

/** A time in a query, in ISO 8601; a day alone is its first moment in UTC. Becomes a {@link moment}. */
export const instant = v.pipe(
  v.string(),
  v.rawTransform<string, string>(({ dataset, addIssue, NEVER }) => {
    const read = /\D/.test(dataset.value) ? readTime(dataset.value) : undefined;
    if (read !== undefined) return read;
    addIssue({ message: "must be a time in ISO 8601, such as 2026-01-31T08:00:00Z" });
    return NEVER;
  }),
  moment,
);

/** Yes or no in a query. */
export const yesOrNo = v.pipe(
  v.picklist(["true", "false"], "must be true or false"),
  v.transform((value) => value === "true"),
  v.boolean(),
);

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return v.picklist(words, `must be one of ${words.join(", ")}`);
}
