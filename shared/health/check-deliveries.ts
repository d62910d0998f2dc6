import { DAY, MINUTE, toIso } from "../core/time.ts";
import { readHistory } from "../reconcile/history.ts";
import type { RunRecord } from "../schemas/reconcile.ts";
import type { EventType } from "../schemas/webhook.ts";
import type { CheckTools, Examined } from "./examined.ts";
import { attention, type Finding, ok } from "./finding.ts";

export async function lookAtDeliveries(
  { eventLog, ticketStore }: Examined,
  { now }: CheckTools,
  type: EventType,
): Promise<Finding> {
  const { lastReceived } = await eventLog.head();
  const count = (from: string, to: string) => eventLog.count({ type, from, to });
  const finding = await judgeDeliveries(type, lastReceived[type], { now: now(), count });
  if (type !== "ticket_created" || finding.state !== "ok") return finding;
  return judgeTicketWebhook((await readHistory(ticketStore)).runs) ?? finding;
}

const WEEK = 7 * DAY;

/** Silence of up to this many milliseconds is always normal. */
const NORMAL_SILENCE = 30 * MINUTE;
/** The number of earlier weeks to compare: three, because one of them may have had a holiday. */
const WEEKS_COMPARED = 3;
/**
 * The check warns only when each of these weeks had at least this many events in the same hours. Where ten events are
 * usual, silence by chance has a probability of one in twenty thousand. Accounts with little traffic never get this
 * warning.
 */
const FEWEST_EVENTS = 10;

/**
 * Compares the time since the last event of a type with the same hours of earlier weeks. The compared time grows with
 * the silence: the check warns after half an hour for a busy account, and later for a quieter one.
 *
 * @param last ISO 8601: when the last event of the type was received
 * @param now milliseconds since the epoch
 * @param count counts the events of the type that were received in a span of time
 */
export async function judgeDeliveries(
  type: EventType,
  last: string | undefined,
  { now, count }: { now: number; count: (from: string, to: string) => Promise<number> },
): Promise<Finding> {
  if (last === undefined) return ok(`No ${type} was received yet.`);
  const since = Date.parse(last);
  const fine = ok(`The last ${type} was received at ${last}.`);
  if (now - since < NORMAL_SILENCE) return fine;
  let fewest = Number.POSITIVE_INFINITY;
  for (let week = 1; week <= WEEKS_COMPARED; week++) {
    const events = await count(toIso(since - week * WEEK), toIso(now - week * WEEK));
    fewest = Math.min(fewest, events);
    if (fewest < FEWEST_EVENTS) return fine;
  }
  return attention(
    `The last ${type} was received at ${last}. In the same hours of each of the last three weeks there were ${fewest} or more.`,
    "Check in LiveChat whether such events happened. If so, look at the checks registrations and address, and call POST /registration.",
  );
}

/** The number of recent runs of the reconciliation to judge. */
const RUNS_JUDGED = 12;
/** The check warns only when these runs have found at least this many tickets that no webhook reported. */
const FEWEST_RECOVERED = 3;

/**
 * Detects that LiveChat's webhook does not report new tickets. A run of the reconciliation sometimes finds a ticket
 * that was created just before it. When runs find half of the new tickets, deliveries fail.
 */
export function judgeTicketWebhook(runs: readonly RunRecord[]): Finding | undefined {
  const recent = runs.slice(0, RUNS_JUDGED).filter(({ mode }) => mode !== "first");
  const recovered = recent.reduce((sum, run) => sum + run.recovered, 0);
  const added = recent.reduce((sum, run) => sum + run.added, 0);
  if (recovered < FEWEST_RECOVERED || recovered < added / 2) return undefined;
  return attention(
    `No webhook reported ${recovered} new tickets: the reconciliation found them. The reconciliation cannot find chats.`,
    "Look at the checks registrations and address, and call POST /registration.",
  );
}
