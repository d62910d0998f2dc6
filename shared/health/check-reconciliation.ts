import { chatRecords } from "../chats/chat-sink.ts";
import { lastSuccess, type RunRecords, readHistory } from "../reconcile/history.ts";
import type { RunHistory } from "../schemas/reconcile.ts";
import { isHelpDeskOff } from "./check-tickets.ts";
import type { CheckTools, Examined } from "./examined.ts";
import { attention, bad, type Finding, ok } from "./finding.ts";
import { nthDueRun } from "./schedule.ts";

/** The names of a reconciliation, in messages to the operator. */
type RunNames = { setting: string; timer: string; path: string };

export const TICKET_RUNS: RunNames = {
  setting: "TICKETS_RECONCILE_SCHEDULE",
  timer: "ReconcileTicketsTimer",
  path: "/reconcile/tickets",
};
const CHAT_RUNS: RunNames = {
  setting: "CHATS_RECONCILE_SCHEDULE",
  timer: "ReconcileChatsTimer",
  path: "/reconcile/chats",
};

export async function lookAtTicketRuns(
  { settings, ticketStore }: Examined,
  tools: CheckTools,
): Promise<Finding> {
  if (isHelpDeskOff(settings.liveChat)) return ok("HELPDESK is off: there are no tickets to reconcile.");
  return lookAtRuns(ticketStore, settings.ticketsReconcileSchedule, tools, TICKET_RUNS);
}

export async function lookAtChatRuns(
  { settings, eventsTable }: Examined,
  tools: CheckTools,
): Promise<Finding> {
  return lookAtRuns(chatRecords(eventsTable), settings.chatsReconcileSchedule, tools, CHAT_RUNS);
}

async function lookAtRuns(
  records: RunRecords,
  schedule: string,
  { sightings, now }: CheckTools,
  names: RunNames,
): Promise<Finding> {
  const { since: installed } = await sightings.see("app", "installed");
  const history = await readHistory(records, { limit: 1 });
  const facts = { ...history, lastSuccess: await lastSuccess(records), installed, schedule };
  return judgeReconciliation(facts, now(), names);
}

export type ReconciliationFacts = RunHistory & {
  /** ISO 8601: the end of the last run that did not fail. */
  lastSuccess?: string;
  /** ISO 8601: when the app was installed. */
  installed: string;
  /** NCRONTAB, six fields, in UTC. */
  schedule: string;
};

/** After this number of missed runs in a row, the check is bad. */
const RUNS_MISSED = 3;

/**
 * Judges the reconciliation by the age of its last success, because a timer that does not run reports no failure.
 *
 * @param now milliseconds since the epoch
 */
export function judgeReconciliation(
  { lastSuccess, installed, schedule, runs: [last], progress, odd }: ReconciliationFacts,
  now: number,
  { setting, timer, path }: RunNames,
): Finding {
  // A schedule may be invalid, or never come due, such as 30 February.
  if (nthDueRun(schedule, now, 1) === undefined) {
    return bad(
      `${setting} ("${schedule}") never comes due: the timer does not run.`,
      `Set ${setting} to NCRONTAB with six fields, such as "0 */5 * * * *".`,
    );
  }
  if (last?.outcome === "failed" && last.code === "no-helpdesk") {
    return ok(`There are no tickets to reconcile. ${last.reason}`);
  }
  const success = lastSuccess ? `The last success was at ${lastSuccess}.` : "No run has succeeded yet.";
  const failure =
    last?.outcome === "failed"
      ? ` The last run, at ${last.startedAt}, failed: ${last.reason ?? "see the log."}`
      : "";
  const areRunsMissed = (since: string) => (nthDueRun(schedule, Date.parse(since), RUNS_MISSED) ?? now) < now;
  if (areRunsMissed(lastSuccess ?? installed)) {
    return bad(
      `${success} Three runs were due since then.${failure}`,
      last === undefined || areRunsMissed(last.startedAt)
        ? `The timer does not run: check that the function ${timer} exists and is enabled, and that AzureWebJobsStorage is correct. POST ${path} runs it now.`
        : `Fix the cause; GET ${path} has the reason of every run. POST ${path} runs it now.`,
    );
  }
  if (failure) {
    return attention(
      success + failure,
      `If the next run fails too, fix the cause; GET ${path} has the reason of every run.`,
    );
  }
  const strange = strangeTickets(odd, last?.withoutId ?? 0);
  if (strange) {
    return attention(
      `${success} ${strange}`,
      "Compare these tickets in LiveChat with GET /stored/tickets/{ticketId}, and report the difference to the maintainers of this app: an update can read them.",
    );
  }
  const { mode, page, pages, expectedEnd } = progress ?? {};
  const reading = progress
    ? ` A reading (${mode}) is at page ${page} of ${pages}${expectedEnd ? `, and ends about ${expectedEnd}` : ""}.`
    : "";
  return ok(success + reading);
}

/** The largest number of ids that a check shows; `GET /reconcile/tickets` shows all. */
const IDS_SHOWN = 5;

/** Reports tickets that do not fit this app's schema. */
function strangeTickets(odd: readonly string[], withoutId: number): string {
  const ids = odd.slice(0, IDS_SHOWN).join(", ") + (odd.length > IDS_SHOWN ? ", …" : "");
  const details = [
    odd.length > 0 && `Tickets that do not fit the schema are stored as they came: ${odd.length} (${ids}).`,
    withoutId > 0 && `Tickets without an id are not stored: ${withoutId} in the last run.`,
  ];
  return details.filter((detail) => detail !== false).join(" ");
}
