import { expect, test } from "vitest";
import { describeError } from "../../local/host/log.ts";

test.for([
  [new TypeError("no good"), "TypeError: no good"],
  [new Error("GET https://h.test/a?code=secret&b=1 failed"), "Error: GET https://h.test/a failed"],
  [new Error('Invalid URL: "http://a b/api?code=secret"'), 'Error: Invalid URL: "http://a b/api"'],
  [new Error("What now? Nothing = nothing"), "Error: What now? Nothing = nothing"],
  [new Error("first\n  second\n"), "Error: first second "],
  ["just text", "just text"],
  [undefined, "undefined"],
] as const)("%o is described in one line without a query", ([thrown, expected]) => {
  expect(describeError(thrown)).toBe(expected);
});
