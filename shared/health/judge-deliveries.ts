import type { RunRecord } from "../schemas/reconcile.ts";
import type { EventType } from "../schemas/webhook.ts";
import type { Finding } from "./monitor.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;

/** Silence of up to this is never looked into. */
const PAUSE = 30 * MINUTE;
/** Weeks that are looked back. Three and not one, since one can have been out of the ordinary. */
const WEEKS = [1, 2, 3];
/**
 * As many events must have come in the same hours of each of these weeks for silence to be strange: where ten are
 * usual, none comes by chance once in twenty thousand times. Quiet accounts never get there.
 */
const USUAL = 10;

/**
 * Holds the time since the last event of a type against what is usual: how many there were in the same hours of the
 * same weekdays of the weeks before. The longer the silence, the longer these hours, so that a busy account is told
 * after half an hour and a quieter one once it is sure.
 *
 * @param last ISO 8601: when the last event of the type was received
 * @param now milliseconds since the epoch
 * @param count how many events of the type were received in a span of time
 */
export async function judgeDeliveries(
  type: EventType,
  last: string | undefined,
  { now, count }: { now: number; count: (from: string, to: string) => Promise<number> },
): Promise<Finding> {
  if (last === undefined) return { state: "ok", detail: `No ${type} was received yet.` };
  const since = Date.parse(last);
  const fine: Finding = { state: "ok", detail: `The last ${type} was received at ${last}.` };
  if (now - since < PAUSE) return fine;
  let fewest = Number.POSITIVE_INFINITY;
  for (const week of WEEKS) {
    const [from, to] = [since - week * WEEK, now - week * WEEK].map((time) => new Date(time).toISOString());
    fewest = Math.min(fewest, await count(from as string, to as string));
    if (fewest < USUAL) return fine;
  }
  return {
    state: "attention",
    detail: `The last ${type} was received at ${last}. In the same hours of each of the last three weeks there were ${fewest} or more.`,
    action:
      "Check in LiveChat whether there were any. If so, look at the checks registrations and address, and call POST /registration.",
  };
}

/** Runs of the reconciliation that are looked back, and tickets found by them, before that is no chance. */
const RUNS = 12;
const FOUND = 3;

/**
 * Whether it is by the reconciliation that tickets are learned of, and not by LiveChat's webhook. A ticket that was
 * created just before a run is found by it every now and then; that half of them are means that deliveries fail.
 */
export function judgeTicketWebhook(runs: readonly RunRecord[]): Finding | undefined {
  const recent = runs.slice(0, RUNS).filter(({ mode }) => mode !== "first");
  const recovered = recent.reduce((sum, run) => sum + run.recovered, 0);
  const added = recent.reduce((sum, run) => sum + run.added, 0);
  if (recovered < FOUND || recovered < added / 2) return undefined;
  return {
    state: "attention",
    detail: `No webhook told of ${recovered} new tickets: the reconciliation found them. Chats cannot be found that way.`,
    action: "Look at the checks registrations and address, and call POST /registration.",
  };
}
