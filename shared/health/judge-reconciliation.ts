import type { RunHistory } from "../schemas/reconcile.ts";
import type { Finding } from "./monitor.ts";

export type ReconciliationFacts = RunHistory & {
  /** ISO 8601: the end of the last run that did not fail. */
  lastSuccess?: string;
  /** ISO 8601: since when the app has been there to run. */
  installed: string;
  /** NCRONTAB, six fields, in UTC. */
  schedule: string;
};

/** The reconciliation's name in messages to the operator. */
export type Names = { setting: string; timer: string; path: string; records: string };

const OF_TICKETS: Names = {
  setting: "TICKETS_RECONCILE_SCHEDULE",
  timer: "ReconcileTicketsTimer",
  path: "/reconcile/tickets",
  records: "GET /reconcile/tickets",
};

/** Runs that may be missed in a row before the check is bad. */
const MISSED = 3;

/**
 * Judges the reconciliation by the age of its last success: a timer that stopped reports no failure.
 *
 * @param now milliseconds since the epoch
 */
export async function judgeReconciliation(
  { lastSuccess, installed, schedule, runs: [last], progress, odd }: ReconciliationFacts,
  now: number,
  { setting, timer, path, records }: Names = OF_TICKETS,
): Promise<Finding> {
  if (!(await comesDue(schedule, now))) {
    return {
      state: "bad",
      detail: `${setting} ("${schedule}") never comes due: the timer does not run.`,
      action: `Set ${setting} to NCRONTAB with six fields, such as "0 */5 * * * *".`,
    };
  }
  if (last?.outcome === "failed" && last.code === "no-helpdesk") {
    return { state: "ok", detail: `There are no tickets to reconcile. ${last.reason}` };
  }
  const waiting = await runsDue(schedule, Date.parse(lastSuccess ?? installed), MISSED);
  const said = lastSuccess ? `The last success was at ${lastSuccess}.` : "No run has succeeded yet.";
  const failure =
    last?.outcome === "failed"
      ? ` The last run, at ${last.startedAt}, failed: ${last.reason ?? "see the log."}`
      : "";
  if (waiting !== undefined && waiting < now) {
    const lastRun = last && Date.parse(last.startedAt);
    const stopped = lastRun === undefined || ((await runsDue(schedule, lastRun, MISSED)) ?? now) < now;
    return {
      state: "bad",
      detail: `${said} Three runs were due since then.${failure}`,
      action: stopped
        ? `The timer does not run: check that the function ${timer} exists and is enabled, and that AzureWebJobsStorage is correct. POST ${path} runs it now.`
        : `Fix the cause; ${records} has the reason of every run. POST ${path} runs it now.`,
    };
  }
  if (failure) {
    return {
      state: "attention",
      detail: said + failure,
      action: `If the next run fails too, fix the cause; ${records} has the reason of every run.`,
    };
  }
  const strange = strangeTickets(odd, last?.withoutId ?? 0);
  if (strange) return { ...strange, state: "attention", detail: `${said} ${strange.detail}` };
  const { mode, page, pages, expectedEnd } = progress ?? {};
  const under = progress
    ? ` A walk (${mode}) is at page ${page} of ${pages}${expectedEnd ? `, and ends about ${expectedEnd}` : ""}.`
    : "";
  return { state: "ok", detail: said + under };
}

/** Whether the schedule can be read and has a next run. 30 February has none. */
async function comesDue(schedule: string, now: number): Promise<boolean> {
  try {
    return (await runsDue(schedule, now, 1)) !== undefined;
  } catch {
    return false;
  }
}

/** Ids that are named in a check; all of them stand in `GET /reconcile/tickets`. */
const NAMED = 5;

/** Tickets that LiveChat lists in a form that this app does not know. */
function strangeTickets(
  odd: readonly string[],
  withoutId: number,
): Pick<Finding, "detail" | "action"> | undefined {
  const named = odd.slice(0, NAMED).join(", ") + (odd.length > NAMED ? ", …" : "");
  const details = [
    odd.length > 0 && `Tickets that do not fit the schema are stored as they came: ${odd.length} (${named}).`,
    withoutId > 0 && `Tickets without an id are not stored: ${withoutId} in the last run.`,
  ].filter((detail) => detail !== false);
  if (details.length === 0) return undefined;
  return {
    detail: details.join(" "),
    action:
      "Compare these tickets in LiveChat with GET /stored/tickets/{ticketId}, and report their form to the maintainers of this app: an update can read it.",
  };
}

/** When the `nth` run after a moment is due, both in milliseconds since the epoch. */
async function runsDue(schedule: string, after: number, nth: number): Promise<number | undefined> {
  const { Cron } = await import("croner");
  // NCRONTAB wants both the day of the month and the day of the week to match, and it knows `5/15`.
  return new Cron(schedule, {
    mode: "6-part",
    timezone: "UTC",
    domAndDow: true,
    sloppyRanges: true,
    paused: true,
  })
    .nextRuns(nth, new Date(after))
    .at(nth - 1)
    ?.valueOf();
}

const DAY = 24 * 60 * 60_000;
/** More runs a day than this are as many: one a second for an hour. */
const MOST_RUNS = 3_600;

/** How often a schedule comes due in the day that begins now. */
export async function runsADay(schedule: string, now: number): Promise<number> {
  let [low, high] = [0, MOST_RUNS];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const due = await runsDue(schedule, now, middle);
    if (due !== undefined && due <= now + DAY) low = middle;
    else high = middle - 1;
  }
  return low;
}
