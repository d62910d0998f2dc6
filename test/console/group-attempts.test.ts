import { expect, test } from "vitest";
import { type Attempt, groupAttempts } from "../../console/parts/group-attempts.ts";

const attempt = (subscription: string, status: number, minute: number) =>
  ({ subscription, status, at: `2026-01-15T09:0${minute}:00.000Z` }) as Attempt;

test("consecutive attempts of a subscription with the same answer are one group", () => {
  const [a1, b1, a2, a3, a4] = [
    attempt("a", 503, 1),
    attempt("b", 200, 2),
    attempt("a", 503, 3),
    attempt("a", 200, 4),
    attempt("a", 503, 5),
  ] as const;
  expect(groupAttempts([a1, b1, a2, a3, a4])).toEqual([[a1, a2], [b1], [a3], [a4]]);
  expect(groupAttempts([])).toEqual([]);
});
