import { expect, test } from "vitest";
import { readRetryAfter } from "../../shared/core/retry-after.ts";

const DATE = "Thu, 15 Jan 2026 12:00:00 GMT";

test.each([
  ["30", undefined, 30_000],
  [" 0.5 ", undefined, 500],
  ["Thu, 15 Jan 2026 12:00:20 GMT", DATE, 20_000],
  ["2026-01-15T12:00:20Z", DATE, 20_000],
  ["Thu, 15 Jan 2026 11:00:00 GMT", DATE, 0],
  ["-1", DATE, undefined],
  ["soon", DATE, undefined],
  ["", DATE, undefined],
  [null, DATE, undefined],
])("Retry-After %j with Date %j is %s milliseconds", (header, date, expected) => {
  expect(readRetryAfter(header, date)).toBe(expected);
});
