import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { readTime } from "../../shared/schemas/read-time.ts";
import { validate } from "../../shared/schemas/validate.ts";
import {
  email,
  exact,
  filled,
  flag,
  identifier,
  instant,
  integer,
  listOf,
  maybe,
  notEmpty,
  oneOf,
  text,
  time,
  wholeNumber,
  yesOrNo,
} from "../../shared/schemas/vocabulary.ts";

/** The value that a schema returns, or an error with its message. */
function read(schema: v.GenericSchema, value: unknown): unknown {
  const result = v.safeParse(schema, value);
  return result.success ? result.output : new Error(result.issues.map(({ message }) => message).join("; "));
}

describe("a time", () => {
  it.each([
    [1408356305, "2014-08-18T10:05:05.000Z"],
    [1408356305.25, "2014-08-18T10:05:05.250Z"],
    [1408356305123, "2014-08-18T10:05:05.123Z"],
    ["1408356305", "2014-08-18T10:05:05.000Z"],
    ["1408356305123", "2014-08-18T10:05:05.123Z"],
    [0, "1970-01-01T00:00:00.000Z"],
    ["2014-08-18T10:05:05Z", "2014-08-18T10:05:05.000Z"],
    ["2014-08-18T10:05:05.5z", "2014-08-18T10:05:05.500Z"],
    ["2014-08-18T10:05:05.123456Z", "2014-08-18T10:05:05.123Z"],
    ["2014-08-18T12:05:05+02:00", "2014-08-18T10:05:05.000Z"],
    ["2014-08-18T12:05:05+0200", "2014-08-18T10:05:05.000Z"],
    ["2014-08-18T06:35:05-03:30", "2014-08-18T10:05:05.000Z"],
    ["2014-08-18 10:05:05", "2014-08-18T10:05:05.000Z"],
    ["2014-08-18T10:05:05 +00:00", "2014-08-18T10:05:05.000Z"],
    [" 2014-08-18T10:05 ", "2014-08-18T10:05:00.000Z"],
    ["2014-08-18", "2014-08-18T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("the time %j is read as %s", (value, expected) => {
    expect(read(time, value)).toBe(expected);
  });

  it.each([
    "",
    "soon",
    "-1",
    "2014-13-01",
    "2014-02-30",
    "2023-02-29T10:00:00Z",
    "2014-08-18T25:00:00Z",
    "2014-08-18T10:05:05 GMT",
    "08/18/2014",
    1e15,
    253402300800000,
    "253402300800000",
    8.64e15,
    1e300,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])("%j is refused as a time", (value) => {
    expect(readTime(value)).toBeUndefined();
    expect(read(time, value)).toBeInstanceOf(Error);
  });

  it.each([null, true, {}, []])("%j is refused with the message: must be a time", (value) => {
    expect(read(time, value)).toEqual(new Error("must be a time"));
  });

  const moment = fc.date({
    min: new Date("1973-03-03T09:46:40.000Z"),
    max: new Date("5138-11-16T09:46:39.000Z"),
    noInvalidDate: true,
  });

  it("a time in any spelling is read as the same ISO 8601", () => {
    fc.assert(
      fc.property(moment, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, minutes) => {
        const iso = date.toISOString();
        const sign = minutes < 0 ? "-" : "+";
        const clock = (value: number) => String(Math.trunc(Math.abs(value))).padStart(2, "0");
        const local = new Date(date.valueOf() + minutes * 60_000).toISOString().slice(0, -1);
        const spellings = [
          iso,
          date.valueOf(),
          String(date.valueOf()),
          date.valueOf() / 1000,
          `${local}${sign}${clock(minutes / 60)}:${clock(minutes % 60)}`,
        ];
        for (const spelling of spellings) expect(readTime(spelling)).toBe(iso);
      }),
    );
  });

  it("a time that was read stays unchanged when it is read again", () => {
    const anything = fc.oneof(fc.double(), fc.integer(), fc.string(), moment.map(String));
    fc.assert(
      fc.property(anything, (value) => {
        const once = readTime(value);
        if (once === undefined) return;
        expect(once).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
        expect(readTime(once)).toBe(once);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the other values of LiveChat", () => {
  it.each<[string, v.GenericSchema, unknown, unknown]>([
    ["text", text, "a", "a"],
    ["text", text, "", ""],
    ["text", text, 7, "7"],
    ["text", text, true, "true"],
    ["integer", integer, 7, 7],
    ["integer", integer, "7", 7],
    ["integer", integer, "-7", -7],
    ["flag", flag, true, true],
    ["flag", flag, 0, false],
    ["flag", flag, 1, true],
    ["maybe(text)", maybe(text), undefined, undefined],
    ["maybe(text)", maybe(text), null, undefined],
    ["maybe(text)", maybe(text), 7, "7"],
    ["listOf(integer)", listOf(integer), undefined, undefined],
    ["listOf(integer)", listOf(integer), null, []],
    ["listOf(integer)", listOf(integer), {}, []],
    ["listOf(integer)", listOf(integer), ["3", 0], [3, 0]],
  ])("%s is read from LiveChat's spelling, case %#", (_, schema, value, expected) => {
    expect(read(schema, value)).toEqual(expected);
  });

  it.each<[string, v.GenericSchema, unknown, string]>([
    ["text", text, null, "must be text"],
    ["text", text, {}, "must be text"],
    ["integer", integer, "7.5", "must be a whole number"],
    ["integer", integer, 7.5, "must be a whole number"],
    ["integer", integer, "", "must be a whole number"],
    ["integer", integer, null, "must be a whole number"],
    ["flag", flag, "yes", "must be true or false"],
    ["flag", flag, 2, "must be true or false"],
    ["listOf(integer)", listOf(integer), { 0: 1 }, "must be a list"],
    ["listOf(integer)", listOf(integer), "1", "must be a list"],
  ])("%s refuses a wrong value with its message, case %#", (_, schema, value, message) => {
    expect(read(schema, value)).toEqual(new Error(message));
  });
});

describe("the values of callers", () => {
  const Agent = exact({ login: v.string(), name: v.optional(v.string()) });

  it.each<[string, v.GenericSchema, unknown, unknown]>([
    ["filled", filled, " ", " "],
    ["email", email, "ana@example", "ana@example"],
    ["oneOf", oneOf(["a", "b"]), "b", "b"],
    ["wholeNumber", wholeNumber(1, 10), "10", 10],
    ["instant", instant, "2026-01-31", "2026-01-31T00:00:00.000Z"],
    ["instant", instant, "2026-01-31T08:00:00+01:00", "2026-01-31T07:00:00.000Z"],
    ["yesOrNo", yesOrNo, "true", true],
    ["yesOrNo", yesOrNo, "false", false],
    ["exact", Agent, { login: "a" }, { login: "a" }],
    ["notEmpty", notEmpty(exact({ a: v.optional(v.string()) })), { a: "" }, { a: "" }],
  ])("%s accepts a valid value, case %#", (_, schema, value, expected) => {
    expect(read(schema, value)).toEqual(expected);
  });

  it.each<[string, v.GenericSchema, unknown, string]>([
    ["filled", filled, "", "must not be empty"],
    ["filled", filled, 7, "must be text"],
    ["email", email, "ana at example", "must be an email address, such as ana@example.com"],
    ["oneOf", oneOf(["a", "b"]), "c", "must be one of a, b"],
    ["wholeNumber", wholeNumber(1, 10), "0", "must be at least 1"],
    ["wholeNumber", wholeNumber(1, 10), "11", "must be at most 10"],
    ["wholeNumber", wholeNumber(1, 10), "1e1", "must be a whole number"],
    ["instant", instant, "1408356305", "must be a time in ISO 8601, such as 2026-01-31T08:00:00Z"],
    ["yesOrNo", yesOrNo, "1", "must be true or false"],
    ["notEmpty", notEmpty(exact({ a: v.optional(v.string()) })), {}, "must have at least one of a"],
    ["exact", exact({}), { a: 1 }, "is not a known field. No fields are accepted"],
  ])("%s refuses an invalid value with its message, case %#", (_, schema, value, message) => {
    expect(read(schema, value)).toEqual(new Error(message));
  });

  it("an exact object refuses unknown fields, also with names of Object.prototype", () => {
    const { issues = [] } = v.safeParse(Agent, { login: "a", age: 7, toString: "x", valueOf: 1 });
    expect(issues.map((issue) => v.getDotPath(issue))).toEqual(["age", "toString", "valueOf"]);
    expect(issues[0]?.message).toBe("is not a known field. Use login, name");
  });

  it.each([[[]], [["a"]], [null], ["a"], [7]])("an exact object refuses %j as a whole", (value) => {
    const problems = [{ path: "", message: "The body must be a JSON object." }];
    expect(validate(Agent, value)).toEqual({ success: false, problems });
    expect(validate(exact({}), value)).toEqual({ success: false, problems });
  });
});

it.each([
  [7, "7"],
  ["007", "007"],
  [2 ** 53 - 1, "9007199254740991"],
])("the identifier %j is read as %j", (value, expected) => expect(read(identifier, value)).toBe(expected));

it.each([2 ** 53, 1.5, null, true])("the identifier %j is refused", (value) => {
  expect(read(identifier, value)).toEqual(new Error("must be text, or a whole number below 2^53"));
});
