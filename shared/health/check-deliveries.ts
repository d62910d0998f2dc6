import { DAY, MINUTE, toIso } from "../core/time.ts";
import { readHistory } from "../reconcile/history.ts";
import type { RunRecord } from "../schemas/reconcile.ts";
import { EVENT_TYPES, type EventType } from "../schemas/webhook.ts";
import type { Examined, Memory } from "./examined.ts";
import { attention, type Finding, ok } from "./finding.ts";
import type { Check } from "./monitor.ts";

/** One check for each type of event. */
export function checkDeliveries(app: Pick<Examined, "eventLog" | "ticketStore">, { now }: Memory): Check[] {
  return EVENT_TYPES.map((type) => ({
    name: `deliveries.${type}`,
    needs: "storage",
    freshFor: MINUTE,
    async look() {
      const { lastReceived } = await app.eventLog.head();
      const count = (from: string, to: string) => app.eventLog.count({ type, from, to });
      const finding = await judgeDeliveries(type, lastReceived[type], { now: now(), count });
      if (type !== "ticket_created" || finding.state !== "ok") return finding;
      return judgeTicketWebhook((await readHistory(app.ticketStore)).runs) ?? finding;
    },
  }));
}

const WEEK = 7 * DAY;

/** A pause of up to this many milliseconds is never strange. */
const PAUSE = 30 * MINUTE;
/** Weeks before this one that are compared. Three and not one, since one may have been a holiday. */
const WEEKS = [1, 2, 3];
/**
 * Events that must have come in the same hours of each of these weeks before silence is strange: where ten are usual,
 * none comes by chance once in twenty thousand times. Quiet accounts never have so many.
 */
const USUAL = 10;

/**
 * Compares the time since the last event of a type with the same hours of the weeks before. The longer the silence, the
 * longer these hours: for a busy account it warns after half an hour, for a quieter one later.
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
  if (last === undefined) return ok(`No ${type} was received yet.`);
  const since = Date.parse(last);
  const fine: Finding = ok(`The last ${type} was received at ${last}.`);
  if (now - since < PAUSE) return fine;
  let fewest = Number.POSITIVE_INFINITY;
  for (const week of WEEKS) {
    const events = await count(toIso(since - week * WEEK), toIso(now - week * WEEK));
    fewest = Math.min(fewest, events);
    if (fewest < USUAL) return fine;
  }
  return attention(
    `The last ${type} was received at ${last}. In the same hours of each of the last three weeks there were ${fewest} or more.`,
    "Check in LiveChat whether there were any. If so, look at the checks registrations and address, and call POST /registration.",
  );
}

/**
 * Recent runs of the reconciliation that are read, and the tickets that they must have found before the check warns.
 */
const RUNS = 12;
const FOUND = 3;

/**
 * Detects that the reconciliation finds new tickets and LiveChat's webhook does not. A run sometimes finds a ticket that was
 * created just before it; when it finds half of them, deliveries fail.
 */
export function judgeTicketWebhook(runs: readonly RunRecord[]): Finding | undefined {
  const recent = runs.slice(0, RUNS).filter(({ mode }) => mode !== "first");
  const recovered = recent.reduce((sum, run) => sum + run.recovered, 0);
  const added = recent.reduce((sum, run) => sum + run.added, 0);
  if (recovered < FOUND || recovered < added / 2) return undefined;
  return attention(
    `No webhook reported ${recovered} new tickets: the reconciliation found them. Chats cannot be found that way.`,
    "Look at the checks registrations and address, and call POST /registration.",
  );
}
