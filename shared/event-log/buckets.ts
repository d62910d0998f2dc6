import type * as v from "valibot";
import { DAY, HOUR, toIso } from "../core/time.ts";
import type { EventCounts } from "../schemas/event.ts";
import { EVENT_TYPES, ORIGINS } from "../schemas/webhook.ts";
import { type Hour, startOfHour } from "./hours.ts";

export const MAX_BUCKETS = 1_000;

const LENGTH = { hour: HOUR, day: DAY } as const;

type Bucket = v.InferOutput<typeof EventCounts>["items"][number];

/**
 * The hours or days (UTC) that overlap a span of time (ISO 8601); `undefined` when they are more than
 * {@link MAX_BUCKETS}. `fill` returns them with the counts of the log's hours.
 */
export function bucketsOf(by: keyof typeof LENGTH, from: string, to: string) {
  const length = LENGTH[by];
  const first = Math.floor(Date.parse(from) / length) * length;
  const count = Math.ceil((Date.parse(to) - first) / length);
  if (count > MAX_BUCKETS) return undefined;
  return {
    /** The start of the first hour or day. */
    from: toIso(first),
    fill(hours: readonly Hour[]): Bucket[] {
      const buckets = Array.from({ length: count }, (_, index) => emptyBucket(first + index * length));
      for (const hour of hours) {
        const bucket = buckets[Math.floor((Date.parse(startOfHour(hour)) - first) / length)];
        if (!bucket) continue;
        for (const type of EVENT_TYPES) {
          for (const origin of ORIGINS) bucket[type][origin] += hour.counts[`${type}_${origin}`];
        }
      }
      return buckets;
    },
  };
}

function emptyBucket(from: number): Bucket {
  const counts = EVENT_TYPES.map((type) => [type, { webhook: 0, reconcile: 0 }]);
  return { from: toIso(from), ...Object.fromEntries(counts) };
}
