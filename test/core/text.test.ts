import { expect, test } from "vitest";
import { isLoopback } from "../../shared/core/loopback.ts";
import { cut, isSameText, plural } from "../../shared/core/text.ts";

test.each([
  ["lamps", 5, "lamps"],
  ["lamps", 4, "lam…"],
  ["a\u{1F511}b", 3, "a…"],
  ["a\u{1F511}bc", 4, "a\u{1F511}…"],
  ["a\uD800b", 3, "a\uFFFDb"],
  ["\uD800abc", 3, "\uFFFDa…"],
])("cut shortens %j to %i characters: %j", (text, most, expected) => {
  expect(cut(text, most)).toBe(expected);
});

test.each([
  ["Sam@Example.com", "sam@example.com", true],
  ["sam@example.com", "ana@example.com", false],
  [undefined, "sam@example.com", false],
  [7, "7", false],
])("isSameText compares %j with %j without regard to case: %s", (one, other, expected) => {
  expect(isSameText(one, other)).toBe(expected);
});

test.each([
  ["http://localhost:7071/api", true],
  ["http://127.8.0.1", true],
  ["http://[::1]:10002/account", true],
  ["https://localhost.example", false],
  ["http://128.0.0.1", false],
  ["localhost", false],
])("isLoopback of %s is %s", (url, expected) => {
  expect(isLoopback(url)).toBe(expected);
});

test.each([
  [plural(0, "event"), "0 events"],
  [plural(1, "event"), "1 event"],
  [plural(2, "delivery", "deliveries"), "2 deliveries"],
])("a number has its noun in the right form: %s", (text, expected) => {
  expect(text).toBe(expected);
});
