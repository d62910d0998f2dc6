import fc from "fast-check";
import { expect, test } from "vitest";
import { nextRequestAt, noteRequest, type SentCounts } from "../../shared/subscriptions/rate.ts";

test("without a limit, and below it, a request may be made at once", () => {
  expect(nextRequestAt([[100, 50]], undefined, 100_500)).toBe(0);
  expect(nextRequestAt([[100, 2]], 3, 100_500)).toBe(0);
});

test("the next request waits until enough of the last minute's are over", () => {
  const sent: SentCounts = [
    [100, 2],
    [130, 1],
  ];
  expect(nextRequestAt(sent, 3, 140_000)).toBe(161_000);
  expect(nextRequestAt(sent, 1, 140_000)).toBe(191_000);
  expect(nextRequestAt(sent, 3, 161_000)).toBe(0);
});

test("in no minute there are more requests than allowed, and no time is wasted", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 60 }),
      (perMinute, gaps) => {
        let now = 1_000_000;
        let sent: SentCounts = [];
        const times: number[] = [];
        for (const gap of gaps) {
          now += gap;
          const at = nextRequestAt(sent, perMinute, now);
          if (at > now) {
            // Only a full minute makes it wait, and for that minute at most.
            expect(at - now).toBeLessThanOrEqual(61_000);
            expect(times.filter((time) => time > now - 62_000).length).toBeGreaterThanOrEqual(perMinute);
            now = at;
          }
          sent = noteRequest(sent, now);
          times.push(now);
          expect(times.filter((time) => time > now - 60_000).length).toBeLessThanOrEqual(perMinute);
          expect(sent.length).toBeLessThanOrEqual(61);
        }
      },
    ),
  );
});
