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

/** A pause of up to this many milliseconds is always normal. */
const PAUSE = 30 * MINUTE;
/** How many earlier weeks are compared: three, because one of them may have had a holiday. */
const WEEKS = [1, 2, 3];
/**
 * The check warns only when each of these weeks had at least this many events in the same hours. Where ten events are
 * usual, silence by chance has a probability of one in twenty thousand. Accounts with little traffic never get this
 * warning.
 */
const USUAL = 10;

/**
 * Compares the time since the last event of a type with the same hours of earlier weeks. The compared time grows with
 * the silence: the check warns after half an hour for a busy account, and later for a quieter one.
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
 * How many recent runs of the reconciliation are read, and how many tickets they must have found before the check
 * warns.
 */
const RUNS = 12;
const FOUND = 3;

/**
 * Detects that the reconciliation finds new tickets that LiveChat's webhook does not report. A run sometimes finds a
 * ticket that was created just before it. When runs find half of the new tickets, deliveries fail.
 */
export function judgeTicketWebhook(runs: readonly RunRecord[]): Finding | undefined {
  const recent = runs.slice(0, RUNS).filter(({ mode }) => mode !== "first");
  const recovered = recent.reduce((sum, run) => sum + run.recovered, 0);
  const added = recent.reduce((sum, run) => sum + run.added, 0);
  if (recovered < FOUND || recovered < added / 2) return undefined;
  return attention(
    `No webhook reported ${recovered} new tickets: the reconciliation found them. The reconciliation cannot find chats.`,
    "Look at the checks registrations and address, and call POST /registration.",
  );
}
