import fc from "fast-check";
import { expect, test } from "vitest";
import { nextTranscriptStep, TRANSCRIPT_WAIT, type WaitingEnd } from "../../shared/transcripts/next-step.ts";

const MINUTE = 60_000;
const waiting: WaitingEnd = { state: "waiting", receivedAt: 0, attempts: 1 };

test("a transcript enters the log with its event or is stored beside it later", () => {
  expect(nextTranscriptStep(waiting, "there", 0)).toEqual({ do: "append" });
  expect(nextTranscriptStep({ ...waiting, state: "late" }, "there", 2 * TRANSCRIPT_WAIT)).toEqual({
    do: "store late",
  });
});

test.each(["gone", "anonymized"] as const)(
  "the end of a chat that is %s enters the log with its ids at once",
  (asked) => {
    expect(nextTranscriptStep(waiting, asked, 0)).toEqual({
      do: "append without transcript",
      missing: asked,
      keepLooking: false,
    });
    expect(nextTranscriptStep({ ...waiting, state: "late" }, asked, 2 * TRANSCRIPT_WAIT)).toEqual({
      do: "forget",
    });
  },
);

test("an end that the account's API cannot read enters the log with its ids at once", () => {
  expect(nextTranscriptStep(waiting, "no reader", 0)).toEqual({
    do: "append without transcript",
    missing: "failed",
    keepLooking: false,
  });
});

test("after an hour of failed attempts, an event enters the log without transcript", () => {
  const times: number[] = [];
  for (let now = 0, attempts = 1; ; attempts++) {
    const step = nextTranscriptStep({ ...waiting, attempts }, "failed", now);
    if (step.do !== "retry") {
      expect(step).toEqual({ do: "append without transcript", missing: "failed", keepLooking: true });
      break;
    }
    now = step.at;
    times.push(now / MINUTE);
  }
  expect(times).toEqual([0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5, 45.5, 55.5, 60]);
});

test("an end that the rate limit refused is tried again after the shortest pause", () => {
  const often = { ...waiting, attempts: 30 };
  expect(nextTranscriptStep(often, "refused", MINUTE)).toEqual({ do: "retry", at: 1.5 * MINUTE });
});

test("an end that the rate limit refused enters the log after an hour", () => {
  expect(nextTranscriptStep({ ...waiting, attempts: 30 }, "refused", TRANSCRIPT_WAIT)).toEqual({
    do: "append without transcript",
    missing: "failed",
    keepLooking: true,
  });
});

test("a late transcript is fetched for up to a week after its webhook", () => {
  const late: WaitingEnd = { state: "late", receivedAt: 0, attempts: 11 };
  const day = 24 * 60 * MINUTE;
  expect(nextTranscriptStep(late, "failed", day)).toEqual({ do: "retry", at: day + 6 * 60 * MINUTE });
  expect(nextTranscriptStep(late, "failed", 7 * day)).toEqual({ do: "forget" });
});

test("after any number of failures, the next attempt is later and within the hour", () => {
  fc.assert(
    fc.property(fc.nat(3 * TRANSCRIPT_WAIT), fc.integer({ min: 1, max: 50 }), (now, attempts) => {
      const step = nextTranscriptStep({ ...waiting, attempts }, "failed", now);
      if (step.do === "retry") {
        expect(step.at).toBeGreaterThan(now);
        expect(step.at).toBeLessThanOrEqual(TRANSCRIPT_WAIT);
      } else expect(now).toBeGreaterThanOrEqual(TRANSCRIPT_WAIT);
    }),
  );
});
