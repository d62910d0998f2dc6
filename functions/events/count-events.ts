import * as v from "valibot";
import { InvalidInput } from "../../shared/core/errors.ts";
import { DAY, toIso } from "../../shared/core/time.ts";
import { bucketsOf, MAX_BUCKETS } from "../../shared/event-log/buckets.ts";
import { EventCounts } from "../../shared/schemas/event.ts";
import { described, exact, instant, oneOf } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const countEvents = operation({
  id: "CountEvents",
  description:
    "Counts the events that the log received, by hour or day (UTC), type and origin. The operation reads counters, not events; hours that retention removed count as 0.",
  tag: "Events",
  method: "GET",
  route: "stats/events",
  conditional: true,
  input: {
    query: exact({
      from: described(
        v.optional(instant),
        "The start of the counted time; hours and days are counted whole. The default is one day before the end, or 30 days with bucket=day.",
        "2026-01-15T00:00:00.000Z",
      ),
      to: described(
        v.optional(instant),
        "The end of the counted time; hours and days are counted whole. The default is one day after the start, or 30 days with bucket=day, but not later than now.",
        "2026-01-16T00:00:00.000Z",
      ),
      bucket: described(
        v.optional(oneOf(["hour", "day"]), "hour"),
        "The period of each count: an hour or a day.",
      ),
    }),
  },
  output: { status: 200, description: "The counts.", schema: EventCounts },
  errors: [InvalidInput, ...storageErrors],
  run: async ({ query: { bucket, ...given } }, { eventLog, checkedNow }) => {
    const span = bucket === "hour" ? DAY : 30 * DAY;
    const now = toIso(await checkedNow());
    const { from = plus(given.to ?? now, -span) } = given;
    const { to = earlier(plus(from, span), now) } = given;
    if (from >= to) throw InvalidInput.at("from", "from must be before to.");
    const buckets = bucketsOf(bucket, from, to);
    if (!buckets) {
      throw InvalidInput.at("from", `from and to may be at most ${MAX_BUCKETS} ${bucket}s apart.`);
    }
    return { body: { items: buckets.fill(await eventLog.countByHour({ from: buckets.from, to })) } };
  },
});

function plus(instant: string, milliseconds: number): string {
  return toIso(Date.parse(instant) + milliseconds);
}

function earlier(one: string, other: string): string {
  return one < other ? one : other;
}
