import { Conflict, NoHelpDesk } from "../shared/core/errors.ts";
import type { Log } from "../shared/core/log.ts";
import { redact } from "../shared/core/redact.ts";
import { DEFAULT_CHATS_SCHEDULE, DEFAULT_RECONCILE_SCHEDULE } from "../shared/core/settings.ts";
import { measure } from "../shared/telemetry/metrics.ts";
import { reconcileAccount, TIMER_BUDGET } from "./reconcile/reconcile.ts";
import { reconcileChatsOf } from "./reconcile/reconcile-chats.ts";
import { ensureOurs } from "./registration/registration.ts";
import type { Services } from "./services.ts";
import { dispatch } from "./subscriptions/dispatch.ts";

export type Timer = {
  id: string;
  /** NCRONTAB, six fields, in UTC. */
  schedule: string;
  run(services: Services, log: Log): Promise<void>;
};

/** Below the five minutes that `host.json` gives a function, also when the last step of every place is slow. In milliseconds. */
const RETENTION_BUDGET = 3 * 60 * 1000;

/** Below the minute until the next run. In milliseconds. */
const TRANSCRIPTS_BUDGET = 50_000;

/** For ends whose transcript could not be fetched at once. v2's ends bring theirs along. */
const transcriptsTimer: Timer = {
  id: "TranscriptsTimer",
  schedule: "15 * * * * *",
  async run({ transcripts }, log) {
    const settled = await transcripts.settleDue({ budgetMs: TRANSCRIPTS_BUDGET });
    if (Object.values(settled).some((count) => count > 0)) log("transcripts", settled);
  },
};

/** For tickets that could not be read as soon as HelpDesk's webhook announced them. */
const arrivalsTimer: Timer = {
  id: "ArrivalsTimer",
  schedule: "35 * * * * *",
  async run({ arrivals }, log) {
    const settled = await arrivals.settleDue({ budgetMs: TRANSCRIPTS_BUDGET });
    if (Object.values(settled).some((count) => count > 0)) log("announced tickets", settled);
  },
};

/** For chats that no webhook told: the Text platform gives a delivery up after a minute. */
const chatsTimer = (environment: Record<string, string | undefined>): Timer => ({
  id: "ReconcileChatsTimer",
  schedule: environment.CHATS_RECONCILE_SCHEDULE?.trim() || DEFAULT_CHATS_SCHEDULE,
  async run(services, log) {
    try {
      const report = await reconcileChatsOf(services, {
        holder: "the timer",
        budgetMs: TIMER_BUDGET,
        all: false,
      });
      log("reconcile of chats finished", report);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      log("reconcile of chats skipped", { reason: error.summary });
    }
  },
});

/** The work that runs on a schedule. Each piece may be killed anywhere and may run on two instances at once. */
export const timers = (environment: Record<string, string | undefined>): readonly Timer[] => [
  {
    id: "ReconcileTicketsTimer",
    schedule: environment.TICKETS_RECONCILE_SCHEDULE?.trim() || DEFAULT_RECONCILE_SCHEDULE,
    async run(services, log) {
      try {
        const {
          checkpoint: _,
          reason,
          ...report
        } = await reconcileAccount(services, {
          holder: "the timer",
          budgetMs: TIMER_BUDGET,
        });
        log("reconcile finished", { ...report, ...(reason !== undefined && { reason: redact(reason) }) });
      } catch (error) {
        // Another instance or a request over HTTP is doing the work, or there are no tickets.
        if (!(error instanceof Conflict || error instanceof NoHelpDesk)) throw error;
        log("reconcile skipped", { reason: error.summary });
      }
    },
  },
  {
    // Often, because a chat event without a webhook is lost, and a new deployment waits for its first run.
    id: "RegistrationTimer",
    schedule: "30 */15 * * * *",
    async run(services, log) {
      if (services.settings.webhook.baseUrl === undefined) return;
      try {
        const { created, removed } = await ensureOurs(services, "background");
        if (created + removed === 0) return;
        log("registration repaired", { created, removed });
        await services.monitor.lookAgain();
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        log("registration skipped", { reason: error.message });
      }
    },
  },
  {
    // So the log has a check's change of state without a call of GET /status.
    id: "StatusTimer",
    schedule: "45 */5 * * * *",
    async run({ monitor }, log) {
      await monitor.examine("everything", log);
    },
  },
  ...(environment.LIVECHAT_API?.trim() === "text"
    ? [transcriptsTimer, arrivalsTimer, chatsTimer(environment)]
    : []),
  {
    // For what no message woke the dispatcher for, and for pauses that have passed.
    id: "DispatchTimer",
    schedule: "0 * * * * *",
    async run(services, log) {
      await dispatch(services, log);
      const lags = (await services.subscribers.list()).map(({ lag }) => lag);
      measure().subscriptionLag.record(Math.max(0, ...lags));
    },
  },
  {
    id: "RetentionTimer",
    schedule: "0 17 * * * *",
    async run({ people, time }, log) {
      // By a clock that is ahead, everything would be old enough.
      await time();
      const reports = await people.retain({ budgetMs: RETENTION_BUDGET });
      for (const { error: _, ...report } of reports) {
        if (report.removed > 0 || !report.done) log("retention", report);
      }
      const failed = reports.find(({ error }) => error !== undefined);
      if (failed) throw failed.error;
    },
  },
];
