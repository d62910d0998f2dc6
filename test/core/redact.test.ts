import { expect, test } from "vitest";
import { redact } from "../../shared/core/redact.ts";

test.each([
  ["GET https://user:pa@ss@host.example:8080/path?code=key failed", "GET https://host.example:8080/… failed"],
  ["see https://host.example?code=key#x", "see https://host.example/…"],
  ["ana.demo+1@example.com removed", "…@… removed"],
  ["no mailbox o'neil@example.com, or 'd'angelo@example.com'", "no mailbox …@…, or …@…'"],
  ["ana@localhost", "…@…"],
  ["nothing to hide", "nothing to hide"],
])('redacting "%s" gives "%s"', (text, expected) => expect(redact(text)).toBe(expected));

test("a redacted text has at most 500 characters", () =>
  expect(redact("x".repeat(10_000))).toBe(`${"x".repeat(499)}…`));

test("a redacted text is not cut within a surrogate pair", () =>
  expect(redact(`${"x".repeat(498)}\u{1F4A1}${"x".repeat(100)}`)).toBe(`${"x".repeat(498)}…`));
