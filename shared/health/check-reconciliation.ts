import { chatRecords } from "../chats/chat-records.ts";
import type { LiveChatConnection } from "../core/settings.ts";
import { DAY } from "../core/time.ts";
import { lastSuccess, type RunRecords, readHistory } from "../reconcile/history.ts";
import type { RunHistory } from "../schemas/reconcile.ts";
import type { Examined, ExaminedText, Memory } from "./examined.ts";
import { attention, bad, type Finding, ok } from "./finding.ts";
import type { Check } from "./monitor.ts";

/** The reconciliation's name in messages to the operator. */
type RunNames = { setting: string; timer: string; path: string };

const TICKET_RUNS: RunNames = {
  setting: "TICKETS_RECONCILE_SCHEDULE",
  timer: "ReconcileTicketsTimer",
  path: "/reconcile/tickets",
};
const CHAT_RUNS: RunNames = {
  setting: "CHATS_RECONCILE_SCHEDULE",
  timer: "ReconcileChatsTimer",
  path: "/reconcile/chats",
};

export function checkTicketReconciliation(
  app: Pick<Examined, "settings" | "ticketStore">,
  memory: Memory,
): Check {
  return {
    name: "reconcile",
    vital: true,
    needs: "storage",
    async look() {
      const { liveChat, ticketsReconcileSchedule } = app.settings;
      if (isHelpDeskOff(liveChat)) {
        return ok("HELPDESK is off: there are no tickets to reconcile.");
      }
      return lookAtRuns(app.ticketStore, ticketsReconcileSchedule, memory, TICKET_RUNS);
    },
  };
}

export function checkChatReconciliation(
  app: Pick<Examined, "settings">,
  { table }: Pick<ExaminedText, "table">,
  memory: Memory,
): Check {
  const records = chatRecords(table);
  return {
    name: "reconcile.chats",
    vital: true,
    needs: "storage",
    look: () => lookAtRuns(records, app.settings.chatsReconcileSchedule, memory, CHAT_RUNS),
  };
}

/**
 * Checks that the account has tickets. On the Text platform they are in HelpDesk, which needs a licence of its own.
 * The check uses the last run of the reconciliation, so it makes no call.
 */
export function checkTickets(app: Pick<Examined, "settings" | "ticketStore">): Check {
  return {
    name: "tickets",
    needs: "storage",
    async look() {
      const { liveChat } = app.settings;
      if (liveChat.api === "v2") return ok("LiveChat's API v2 has tickets.");
      if (isHelpDeskOff(liveChat)) {
        return ok("HELPDESK is off: operations on tickets and the ticket trigger answer 409.");
      }
      const [last] = (await readHistory(app.ticketStore, { limit: 1 })).runs;
      if (last?.code !== "no-helpdesk") return ok("Tickets are in HelpDesk.");
      return attention(
        `Operations on tickets and the ticket trigger do not work. ${last.reason}`,
        "If the account has no HelpDesk, set HELPDESK to off. Otherwise give the token the scope accounts--my:ro, and put it into LIVECHAT_API_KEY.",
      );
    },
  };
}

function isHelpDeskOff(liveChat: LiveChatConnection): boolean {
  return liveChat.api === "text" && liveChat.helpDeskUrl === undefined;
}

async function lookAtRuns(
  records: RunRecords,
  schedule: string,
  { sightings, now }: Memory,
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

/** How many due runs in a row may be missing before the check is bad. */
const RUNS_MISSED = 3;

/**
 * Judges the reconciliation by the age of its last success, because a timer that does not run reports no failure.
 *
 * @param now milliseconds since the epoch
 */
export async function judgeReconciliation(
  { lastSuccess, installed, schedule, runs: [last], progress, odd }: ReconciliationFacts,
  now: number,
  { setting, timer, path }: RunNames = TICKET_RUNS,
): Promise<Finding> {
  // A schedule may be invalid, or never come due, such as 30 February.
  if ((await runsDue(schedule, now, 1).catch(() => undefined)) === undefined) {
    return bad(
      `${setting} ("${schedule}") never comes due: the timer does not run.`,
      `Set ${setting} to NCRONTAB with six fields, such as "0 */5 * * * *".`,
    );
  }
  if (last?.outcome === "failed" && last.code === "no-helpdesk") {
    return ok(`There are no tickets to reconcile. ${last.reason}`);
  }
  const waiting = await runsDue(schedule, Date.parse(lastSuccess ?? installed), RUNS_MISSED);
  const said = lastSuccess ? `The last success was at ${lastSuccess}.` : "No run has succeeded yet.";
  const failure =
    last?.outcome === "failed"
      ? ` The last run, at ${last.startedAt}, failed: ${last.reason ?? "see the log."}`
      : "";
  if (waiting !== undefined && waiting < now) {
    const lastRun = last && Date.parse(last.startedAt);
    const stopped = lastRun === undefined || ((await runsDue(schedule, lastRun, RUNS_MISSED)) ?? now) < now;
    return bad(
      `${said} Three runs were due since then.${failure}`,
      stopped
        ? `The timer does not run: check that the function ${timer} exists and is enabled, and that AzureWebJobsStorage is correct. POST ${path} runs it now.`
        : `Fix the cause; GET ${path} has the reason of every run. POST ${path} runs it now.`,
    );
  }
  if (failure) {
    return attention(
      said + failure,
      `If the next run fails too, fix the cause; GET ${path} has the reason of every run.`,
    );
  }
  const strange = strangeTickets(odd, last?.withoutId ?? 0);
  if (strange) {
    return attention(
      `${said} ${strange}`,
      "Compare these tickets in LiveChat with GET /stored/tickets/{ticketId}, and report the difference to the maintainers of this app: an update can read them.",
    );
  }
  const { mode, page, pages, expectedEnd } = progress ?? {};
  const under = progress
    ? ` A reading (${mode}) is at page ${page} of ${pages}${expectedEnd ? `, and ends about ${expectedEnd}` : ""}.`
    : "";
  return ok(said + under);
}

/** How many ids a check shows; `GET /reconcile/tickets` shows all. */
const NAMED = 5;

/** Reports tickets that do not fit this app's schema. */
function strangeTickets(odd: readonly string[], withoutId: number): string {
  const named = odd.slice(0, NAMED).join(", ") + (odd.length > NAMED ? ", …" : "");
  const details = [
    odd.length > 0 && `Tickets that do not fit the schema are stored as they came: ${odd.length} (${named}).`,
    withoutId > 0 && `Tickets without an id are not stored: ${withoutId} in the last run.`,
  ];
  return details.filter((detail) => detail !== false).join(" ");
}

/** The time of the `nth` due run after a time, both in milliseconds since the epoch. */
async function runsDue(schedule: string, after: number, nth: number): Promise<number | undefined> {
  const runs = (await cronOf(schedule)).nextRuns(nth, new Date(after));
  return runs.at(nth - 1)?.valueOf();
}

/** Counting stops at this number of runs: one a second for an hour. */
const MOST_RUNS = 3_600;

/** How often a schedule comes due in the next 24 hours. */
export async function runsADay(schedule: string, now: number): Promise<number> {
  const cron = await cronOf(schedule);
  const end = new Date(now + DAY);
  let runs = 0;
  let due = cron.nextRun(new Date(now));
  for (; due && due <= end && runs < MOST_RUNS; due = cron.nextRun(due)) runs++;
  return runs;
}

/** @throws for an invalid schedule */
async function cronOf(schedule: string) {
  const { Cron } = await import("croner");
  // NCRONTAB requires that both the day of the month and the day of the week match, and it allows `5/15`.
  const ncrontab = { mode: "6-part", domAndDow: true, sloppyRanges: true } as const;
  return new Cron(schedule, { ...ncrontab, timezone: "UTC", paused: true });
}
