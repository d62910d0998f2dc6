import fc from "fast-check";
import { expect, test } from "vitest";
import { nextTranscriptStep, PATIENCE, type Waiting } from "../../shared/transcripts/next-step.ts";

const MINUTE = 60_000;
const waiting: Waiting = { state: "waiting", receivedAt: 0, attempts: 1 };

test("a transcript goes into the event, or beside it when the event is in the log already", () => {
  expect(nextTranscriptStep(waiting, "there", 0)).toEqual({ do: "tell" });
  expect(nextTranscriptStep({ ...waiting, state: "late" }, "there", 2 * PATIENCE)).toEqual({ do: "show" });
});

test.each(["gone", "anonymized"] as const)(
  "a chat that is %s enters the log with its ids at once",
  (asked) => {
    expect(nextTranscriptStep(waiting, asked, 0)).toEqual({
      do: "tell bare",
      missing: asked,
      keepLooking: false,
    });
    expect(nextTranscriptStep({ ...waiting, state: "late" }, asked, 2 * PATIENCE)).toEqual({ do: "forget" });
  },
);

test("failures are repeated with growing pauses for an hour; then the event enters the log without its transcript", () => {
  const times: number[] = [];
  for (let now = 0, attempts = 1; ; attempts++) {
    const step = nextTranscriptStep({ ...waiting, attempts }, "failed", now);
    if (step.do !== "again") {
      expect(step).toEqual({ do: "tell bare", missing: "failed", keepLooking: true });
      break;
    }
    now = step.at;
    times.push(now / MINUTE);
  }
  expect(times).toEqual([0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5, 45.5, 55.5, 60]);
});

test("a late transcript is fetched for up to a week", () => {
  const late: Waiting = { state: "late", receivedAt: 0, attempts: 11 };
  const day = 24 * 60 * MINUTE;
  expect(nextTranscriptStep(late, "failed", day)).toEqual({ do: "again", at: day + 6 * 60 * MINUTE });
  expect(nextTranscriptStep(late, "failed", 7 * day)).toEqual({ do: "forget" });
});

test("after any attempts an end enters the log within an hour and a pause, and the next attempt lies in the future", () => {
  fc.assert(
    fc.property(fc.nat(3 * PATIENCE), fc.integer({ min: 1, max: 50 }), (now, attempts) => {
      const step = nextTranscriptStep({ ...waiting, attempts }, "failed", now);
      if (step.do === "again") {
        expect(step.at).toBeGreaterThan(now);
        expect(step.at).toBeLessThanOrEqual(PATIENCE);
      } else expect(now).toBeGreaterThanOrEqual(PATIENCE);
    }),
  );
});
