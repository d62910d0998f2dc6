import * as v from "valibot";
import { isObject } from "../core/values.ts";
import { readTime } from "./read-time.ts";

/**
 * The words of every schema in this app, in four groups:
 * - The published definitions: `shape`, `described`, `named`, `advanced`, `published`.
 * - Values that the app writes: `moment`, `count`, `html`.
 * - Values that LiveChat sends, read tolerantly: `text`, `identifier`, `integer`, `flag`, `time`, `maybe`, `listOf`.
 * - Values that callers send, read strictly: `exact`, `notEmpty`, `filled`, `email`, `oneOf`, and in a query, where all
 *   values are text, `wholeNumber`, `instant` and `yesOrNo`.
 *
 * A pipe that transforms ends with the schema of its result. The published definitions show that schema.
 */

/** How Power Automate's designer shows a field. */
export type Designer = {
  /** `advanced`: shown on demand. `internal`: never shown; the flow sends the field's only possible value. */
  visibility?: "advanced" | "internal";
  /** The designer requires the field, as Microsoft's connector does, although the operation does not. */
  required?: true;
  /** The user picks the field from the list that the operation returns; `value` and `title` are fields of its items. */
  pickFrom?: { operation: string; value: string; title: string };
  /** The flow engine fills the field with its callback URL. */
  notificationUrl?: true;
};

/** The facts of a schema that the published definitions cannot read from the schema itself. */
export type SchemaFacts = {
  /** The schema of the accepted values, if the pipe does not begin with it. */
  input?: v.GenericSchema;
  /** An example value, as it is sent or answered. */
  example?: unknown;
  /** The name of the shape in the definitions. */
  component?: string;
  designer?: Designer;
} & Keywords;

/** Keywords of JSON Schema that valibot has no action for, or that replace its own. */
type Keywords = { type?: "string"; pattern?: string; minProperties?: number; additionalProperties?: false };

/** Adds facts for the published definitions to a pipe. */
export function published<Value>(facts: SchemaFacts) {
  return v.metadata<Value, SchemaFacts>(facts);
}

/**
 * An example of the values that a schema accepts or returns. Text has the type `string`, because examples come from
 * JSON.
 */
type Example<Schema extends v.GenericSchema> = Widened<v.InferInput<Schema> | v.InferOutput<Schema>>;

type Widened<Value> = Value extends string
  ? string
  : Value extends object
    ? { readonly [Key in keyof Value]: Widened<Value[Key]> }
    : Value;

/** A named shape with an example. The definitions contain it once, and refer to it by its name. */
export function shape<const Schema extends v.GenericSchema>(
  component: string,
  schema: Schema,
  example: Example<Schema>,
) {
  return v.pipe(schema, published({ component, example }));
}

/**
 * A field with its published description, a sentence. Its published title is its name in Title Case. A parameter also
 * needs an example or a default.
 */
export function described<const Schema extends v.GenericSchema>(
  schema: Schema,
  description: string,
  example?: Example<Schema>,
) {
  return v.pipe(schema, v.description(description), published({ example }));
}

/** A field with a title of its own, such as one of Microsoft's connector, and its published description. */
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

/** A time that this app wrote: ISO 8601 in UTC with milliseconds. */
export const moment = v.pipe(v.string(), v.isoTimestamp());

/** A whole number from 0. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** An HTML page. */
export const html = v.pipe(v.string(), published({ example: "<!doctype html>" }));

/** Text. LiveChat sends some ids and versions as numbers. */
export const text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], "must be text"),
  v.transform(String),
  v.string(),
);

const NO_IDENTIFIER = "must be text, or a whole number below 2^53";

/** An id: opaque text, or a whole number small enough to keep every digit. */
export const identifier = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.safeInteger(NO_IDENTIFIER))], NO_IDENTIFIER),
  v.transform(String),
  v.string(),
);

const NO_INTEGER = "must be a whole number";

/** A whole number. LiveChat sends some as text. */
export const integer = v.pipe(
  v.union(
    [
      v.pipe(v.number(), v.integer(NO_INTEGER)),
      v.pipe(v.string(), v.regex(/^-?\d+$/, NO_INTEGER), v.transform(Number)),
    ],
    NO_INTEGER,
  ),
  v.number(),
  v.integer(),
);

/** True or false. LiveChat sends some as 1 and 0. */
export const flag = v.pipe(
  v.union([v.boolean(), v.picklist([0, 1])], "must be true or false"),
  v.transform((value) => value === true || value === 1),
  v.boolean(),
);

/** The description of every LiveChat time in Microsoft's connector. */
export const TIME_FORMAT = "yyyy-MM-ddTHH:mm:ss.fffZ.";

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

/**
 * An optional field whose value is replaced before the schema reads it. The definitions show `schema`, or `null`, although
 * the pipe itself begins with any value.
 */
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

/**
 * An object with exactly these fields. `v.strictObject` stops at the first unknown field; this schema reports every unknown
 * field, and lists the known ones. valibot ignores fields named `__proto__`, `prototype` and `constructor`.
 */
export function exact<const Entries extends v.ObjectEntries>(entries: Entries) {
  const names = Object.keys(entries);
  const advice = names.length > 0 ? `Use ${names.join(", ")}` : "No fields are accepted";
  const object = v.objectWithRest(entries, v.never(`is not a known field. ${advice}`));
  const schema = v.pipe(
    // For valibot, a list is an object.
    v.custom<v.InferInput<typeof object>>(isObject, "must be a JSON object"),
    published({ input: v.strictObject(entries) }),
    object,
    published({ additionalProperties: false }),
  );
  return Object.assign(schema, { entries }) as unknown as v.StrictObjectSchema<Entries, undefined>;
}

/** An object with at least one of its fields. */
export function notEmpty<const Entries extends v.ObjectEntries>(
  schema: v.StrictObjectSchema<Entries, undefined>,
) {
  return v.pipe(
    schema,
    v.check(
      (value) => Object.values(value).some((field) => field !== undefined),
      `must have at least one of ${Object.keys(schema.entries).join(", ")}`,
    ),
    published({ minProperties: 1 }),
  );
}

/** Text that is not empty. */
export const filled = v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"));

/** An email address: one `@`, no blanks. LiveChat accepts more addresses than any grammar, and checks the rest itself. */
export const email = v.pipe(
  v.string("must be text"),
  v.regex(/^[^\s@]+@[^\s@]+$/, "must be an email address, such as ana@example.com"),
);

/** A whole number in a query, between two bounds, both included. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
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

/** `true` or `false` in a query. */
export const yesOrNo = v.pipe(
  v.picklist(["true", "false"], "must be true or false"),
  v.transform((value) => value === "true"),
  v.boolean(),
);

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return v.picklist(words, `must be one of ${words.join(", ")}`);
}
