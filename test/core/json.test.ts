import * as v from "valibot";
import { expect, test } from "vitest";
import { fromCursor, fromJson, toCanonicalJson, toCursor } from "../../shared/core/json.ts";

const Cursor = v.tuple([v.string(), v.number()]);

test("a cursor gives back its values", () => {
  expect(fromCursor(toCursor(["2026-01-15T09:44:12.000Z", 7]), Cursor)).toEqual([
    "2026-01-15T09:44:12.000Z",
    7,
  ]);
});

test.each(["", "x", toCursor([7, "text"]), toCursor(["text"]), Buffer.from("{").toString("base64url")])(
  "the text %j is not a cursor",
  (text) => {
    expect(fromCursor(text, Cursor)).toBeUndefined();
  },
);

test("fromJson gives undefined for text that is not JSON", () => {
  expect(fromJson("{")).toBeUndefined();
  expect(fromJson("null")).toBeNull();
});

test("toCanonicalJson sorts the members of objects but not the items of lists", () => {
  const value = { b: [{ y: 1, x: 2 }, null], a: "text" };
  expect(toCanonicalJson(value)).toBe('{"a":"text","b":[{"x":2,"y":1},null]}');
});
