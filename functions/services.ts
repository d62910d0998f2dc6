import type { TableClient } from "@azure/data-tables";
import { type Deferred, deferred } from "../shared/core/deferred.ts";
import { lazily } from "../shared/core/lazy.ts";
import { describeFailure, type Log } from "../shared/core/log.ts";
import { readSettings, type Settings, settingsSet } from "../shared/core/settings.ts";
import type { EventLog } from "../shared/event-log/event-log.ts";
import { openEventLog } from "../shared/event-log/event-log.ts";
import { type CallLedger, openCallLedger } from "../shared/health/call-ledger.ts";
import type { CheckChange, Monitor } from "../shared/health/monitor.ts";
import type { createOperatorWebhook } from "../shared/health/operator-webhook.ts";
import { openRefusals, type Refusals } from "../shared/health/refusals.ts";
import type { Idempotency } from "../shared/http/idempotency/idempotency.ts";
import type { ChatReader, LiveChat } from "../shared/livechat/live-chat.ts";
import type { OpenedLiveChat } from "../shared/livechat/open-live-chat.ts";
import type { People } from "../shared/people/people.ts";
import { createClock } from "../shared/storage/clock.ts";
import { type OpenQueue, openQueue } from "../shared/storage/open-queue.ts";
import { openTable } from "../shared/storage/open-table.ts";
import { readRow } from "../shared/storage/rows.ts";
import type { SubscriptionService } from "../shared/subscriptions/service.ts";
import { createWakeUp, type WakeUp } from "../shared/subscriptions/wake-up.ts";
import { observeBudget, observeCall } from "../shared/telemetry/observe-call.ts";
import { traceEventLog } from "../shared/telemetry/trace-event-log.ts";
import { type Arrivals, openArrivals } from "../shared/tickets/arrivals/arrivals.ts";
import { openKnownTickets } from "../shared/tickets/known-tickets.ts";
import { openTicketStore, type TicketStore } from "../shared/tickets/store/ticket-store.ts";
import { openTranscripts, type Transcripts } from "../shared/transcripts/transcripts.ts";

/**
 * Creates the services that operations call. A service is created when it is first read, and kept until the process
 * ends (see `lazily`). So a cold start creates only the services of its first request, and a missing setting fails
 * only the operations that need it. A service that receivers do not need is `deferred`: the first call of one of its
 * methods loads its code.
 */
export function createServices(environment: Record<string, string | undefined>): Services {
  const clock = createClock();
  const { now } = clock;
  const table = (name: string) => openTable(parts.settings.storage, name, { clock });
  const parts: Parts = lazily<Parts>({
    settings: () => readSettings(environment),
    settingsSet: () => settingsSet(environment),
    eventsTable: () => table(parts.settings.tables.events),
    now: () => now,
    checkedNow: () => async () => {
      if (!clock.isChecked) await readRow(parts.eventsTable, "clock", "clock");
      return now();
    },
    account: async () => {
      const { openLiveChat } = await import("../shared/livechat/open-live-chat.ts");
      const opened = await openLiveChat(parts.settings.liveChat, {
        observe(attempt, error) {
          observeCall(attempt);
          const isBilled = parts.settings.liveChat.api === "text" && attempt.service === undefined;
          if (isBilled) parts.callLedger.record(attempt, error);
          observeBudget(opened.liveChat.usage());
        },
        onLifecycle(header, day) {
          if (!parts.callLedger.recordLifecycle({ header, day })) return;
          console.warn(JSON.stringify({ message: "end of an API version announced", header, day }));
        },
      });
      return opened;
    },
    liveChat: () => deferred(async () => (await parts.account).liveChat),
    chatReader: () =>
      parts.settings.liveChat.api === "text"
        ? deferred(async () => (await parts.account).chatReader as ChatReader)
        : undefined,
    // Each event that enters the log wakes the dispatcher.
    eventLog: () =>
      traceEventLog(openEventLog({ table: parts.eventsTable, now, onAppend: () => parts.wakeUp.storing() })),
    ticketsTable: () => table(parts.settings.tables.tickets),
    subscriptionsTable: () => table(parts.settings.tables.subscriptions),
    ticketStore: () => openTicketStore({ table: parts.ticketsTable, api: parts.settings.liveChat.api, now }),
    transcripts: () => {
      const { eventsTable, eventLog: log, chatReader: chats } = parts;
      const onDefect = (error: unknown) => logDefect("transcripts", error);
      return openTranscripts({ table: eventsTable, log, chats, now, onDefect });
    },
    arrivals: () => {
      const { eventsTable: table, eventLog: log, liveChat, ticketStore } = parts;
      const onDefect = (error: unknown) => logDefect("arrivals", error);
      const known = openKnownTickets(ticketStore);
      return openArrivals({ table, log, getTicket: liveChat.getTicket, known, now, onDefect });
    },
    queue: () => {
      const { wakeQueue: queue } = parts.settings;
      return queue && openQueue(queue.location, queue.name);
    },
    wakeUp: () =>
      createWakeUp({
        queue: parts.queue,
        hasSubscriptions: () => parts.subscriptions.hasAny(),
        deliver: (seq) => parts.subscriptions.stored(seq),
        now,
      }),
    subscriptions: () =>
      deferred(async () => {
        const { openSubscriptionService } = await import("../shared/subscriptions/service.ts");
        const { allowLoopbackCallbacks: allowLoopback } = parts.settings;
        const { subscriptionsTable, eventLog: log, wakeUp } = parts;
        return openSubscriptionService({ table: subscriptionsTable, log, wakeUp, allowLoopback, now });
      }),
    people: () =>
      deferred(async () => {
        const [{ openPeople }, { placesOfPeople }] = await Promise.all([
          import("../shared/people/people.ts"),
          import("./people/places.ts"),
        ]);
        return openPeople({ table: parts.eventsTable, places: placesOfPeople(parts), now });
      }),
    idempotency: () =>
      deferred(async () => {
        const { openIdempotency } = await import("../shared/http/idempotency/idempotency.ts");
        return openIdempotency({ table: parts.eventsTable, now });
      }),
    refusals: () => openRefusals({ table: () => parts.eventsTable, now }),
    operatorWebhook: async () => {
      const { operatorWebhookUrl: url, allowLoopbackCallbacks: allowLoopback, webhook } = parts.settings;
      if (url === undefined) return undefined;
      const [{ createOperatorWebhook }, { createPost }] = await Promise.all([
        import("../shared/health/operator-webhook.ts"),
        import("../shared/subscriptions/post.ts"),
      ]);
      const [{ password }] = webhook.credentials;
      return createOperatorWebhook({ url, password, post: createPost({ allowLoopback }), now });
    },
    callLedger: () => openCallLedger({ table: () => parts.eventsTable, now }),
    monitor: () =>
      deferred(async () => {
        const [{ createMonitor }, { checksOf }, { openSightings }] = await Promise.all([
          import("../shared/health/monitor.ts"),
          import("../shared/health/checks.ts"),
          import("../shared/health/sightings.ts"),
        ]);
        const sightings = openSightings(() => parts.eventsTable, now);
        const onChange = async (change: CheckChange, log: Log) => {
          // Without valid settings the operator cannot be called; the check `settings` shows the reason.
          const tell = await parts.operatorWebhook.catch(() => undefined);
          await tell?.(change, log);
        };
        const options = { sightings, now, onDefect: logDefect, onChange };
        return createMonitor(checksOf(parts, { sightings, now }), options);
      }),
  });
  return parts;
}

export type Services = {
  readonly settings: Settings;
  /** The names of all settings, and whether each is set; never a value. */
  readonly settingsSet: { name: string; set: boolean }[];
  /**
   * Milliseconds since the epoch. A clock that is off by more than a minute is corrected by storage's clock, after the
   * first answer of storage.
   */
  now(): number;
  /** Like `now`, but waits for storage's clock: the first call reads from storage. @throws StorageUnavailable */
  checkedNow(): Promise<number>;
  readonly liveChat: Deferred<LiveChat>;
  /** Reads the account's chats; absent with v2, which has no calls for this. */
  readonly chatReader: Deferred<ChatReader> | undefined;
  /** The table of the event log. Other parts of the app keep their rows in partitions of their own. */
  readonly eventsTable: TableClient;
  readonly eventLog: EventLog;
  /** The ends of chats that wait for their transcript. */
  readonly transcripts: Transcripts;
  /** Tickets from HelpDesk's webhook that the app has not read yet. */
  readonly arrivals: Arrivals;
  readonly ticketStore: TicketStore;
  readonly subscriptions: Deferred<SubscriptionService>;
  readonly people: Deferred<People>;
  readonly idempotency: Idempotency;
  /** The results of the app's calls to LiveChat on the Text platform. */
  readonly callLedger: CallLedger;
  /** Deliveries that the receivers refused. */
  readonly refusals: Refusals;
  /** Runs the checks of `Health` and `GetStatus`. */
  readonly monitor: Monitor;
};

type Parts = Services & {
  readonly account: Promise<OpenedLiveChat>;
  readonly ticketsTable: TableClient;
  readonly subscriptionsTable: TableClient;
  /** Absent when the settings name tables but no queue. */
  readonly queue: OpenQueue | undefined;
  readonly wakeUp: WakeUp;
  /** Reports a change of a check to the operator; absent without OPERATOR_WEBHOOK_URL. */
  readonly operatorWebhook: Promise<ReturnType<typeof createOperatorWebhook> | undefined>;
};

function logDefect(check: string, error: unknown): void {
  console.error(JSON.stringify({ ...describeFailure(error), check }));
}
