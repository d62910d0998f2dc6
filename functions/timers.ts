import { Conflict, NoHelpDesk } from "../shared/core/errors.ts";
import type { Log } from "../shared/core/log.ts";
import { redact } from "../shared/core/redact.ts";
import { DEFAULT_CHATS_SCHEDULE, DEFAULT_RECONCILE_SCHEDULE } from "../shared/core/schedules.ts";
import type { Services } from "./services.ts";
import { dispatch } from "./subscriptions/dispatch.ts";

type Timer = {
  id: string;
  /** NCRONTAB, six fields, in UTC. */
  schedule: string;
  run(services: Services, log: Log): Promise<void>;
};

/**
 * Milliseconds for retention: less than the five minutes that `host.json` gives a function, with time for one slow
 * last step in every place.
 */
const RETENTION_BUDGET = 3 * 60 * 1000;

/**
 * Milliseconds for a reconciliation: less than the five minutes that `host.json` gives a function, with time for the
 * last call and write.
 */
export const RECONCILE_BUDGET = 4 * 60 * 1000;

/** Milliseconds for reading waiting items: less than the minute until the next run. */
const SETTLING_BUDGET = 50_000;

const TIMER_RUN = { holder: "the timer", budgetMs: RECONCILE_BUDGET };

/**
 * Timers of the Text platform. With v2, the webhook of a chat's end includes the transcript, and no call lists chats.
 */
const textTimers = (environment: Record<string, string | undefined>): readonly Timer[] => [
  {
    // Fetches transcripts that could not be fetched at the end of their chat.
    id: "TranscriptsTimer",
    schedule: "15 * * * * *",
    async run({ transcripts }, log) {
      logSettled("transcripts", await transcripts.settleDue({ budgetMs: SETTLING_BUDGET }), log);
    },
  },
  {
    // Reads announced tickets that could not be read when HelpDesk's webhook announced them.
    id: "ArrivalsTimer",
    schedule: "35 * * * * *",
    async run({ arrivals }, log) {
      logSettled("announced tickets", await arrivals.settleDue({ budgetMs: SETTLING_BUDGET }), log);
    },
  },
  {
    // Finds chats that no webhook reported: the Text platform stops repeating a delivery after a minute.
    id: "ReconcileChatsTimer",
    schedule: environment.CHATS_RECONCILE_SCHEDULE?.trim() || DEFAULT_CHATS_SCHEDULE,
    run: (services, log) =>
      logWhenSkipped("reconcile of chats skipped", log, async () => {
        const { reconcileChatsOf } = await import("./reconcile/reconcile-chats.ts");
        log("reconcile of chats finished", await reconcileChatsOf(services, { ...TIMER_RUN, all: false }));
      }),
  },
];

/**
 * The functions that run on a schedule. Each may be killed at any point and may run on two instances at once. A run
 * loads its own code, because this module is loaded during a cold start.
 */
export const timers = (environment: Record<string, string | undefined>): readonly Timer[] => [
  {
    id: "ReconcileTicketsTimer",
    schedule: environment.TICKETS_RECONCILE_SCHEDULE?.trim() || DEFAULT_RECONCILE_SCHEDULE,
    run: (services, log) =>
      logWhenSkipped("reconcile skipped", log, async () => {
        const { reconcileTicketsOf } = await import("./reconcile/run-tickets.ts");
        const { checkpoint: _, reason, ...report } = await reconcileTicketsOf(services, TIMER_RUN);
        log("reconcile finished", { ...report, ...(reason !== undefined && { reason: redact(reason) }) });
      }),
  },
  {
    // Runs often, because a chat event without a webhook is lost, and a new deployment waits for the first run.
    id: "RegistrationTimer",
    schedule: "30 */15 * * * *",
    async run(services, log) {
      if (services.settings.webhook.baseUrl === undefined) return;
      await logWhenSkipped("registration skipped", log, async () => {
        const { ensureOurs } = await import("./registration/registration.ts");
        const { created, removed } = await ensureOurs(services, "background");
        if (created + removed === 0) return;
        log("registration repaired", { created, removed });
        await services.monitor.lookAgain();
      });
    },
  },
  {
    // Runs the checks without a call of GET /status, so the log gets a line when a check changes its state.
    id: "StatusTimer",
    schedule: "45 */5 * * * *",
    async run({ monitor }, log) {
      await monitor.examine("everything", log);
    },
  },
  ...(environment.LIVECHAT_API?.trim() === "text" ? textTimers(environment) : []),
  {
    // Delivers events without a queue message, and continues subscriptions whose pause is over.
    id: "DispatchTimer",
    schedule: "0 * * * * *",
    async run(services, log) {
      await dispatch(services, log);
      const { metrics } = await import("../shared/telemetry/metrics.ts");
      const lags = (await services.subscriptions.list()).map(({ lag }) => lag);
      metrics.subscriptionLag.record(Math.max(0, ...lags));
    },
  },
  {
    id: "RetentionTimer",
    schedule: "0 17 * * * *",
    async run({ people, checkedNow }, log) {
      // With a clock that is ahead, events would be removed too early.
      await checkedNow();
      const reports = await people.retain({ budgetMs: RETENTION_BUDGET });
      for (const { error: _, ...report } of reports) {
        if (report.removed > 0 || !report.done) log("retention", report);
      }
      const failed = reports.find(({ error }) => error !== undefined);
      if (failed) throw failed.error;
    },
  },
];

/**
 * Logs the work as skipped if it ends in a conflict: another instance or an HTTP request is doing it, the settings do
 * not allow it, or the account has no HelpDesk. A conflict with `upstream` comes from LiveChat, so the work has failed.
 */
async function logWhenSkipped(skipped: string, log: Log, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isOurs = error instanceof Conflict && error.upstream === undefined;
    if (!isOurs && !(error instanceof NoHelpDesk)) throw error;
    log(skipped, { reason: error.summary });
  }
}

function logSettled(message: string, counts: Record<string, number>, log: Log): void {
  if (Object.values(counts).some((count) => count > 0)) log(message, counts);
}
