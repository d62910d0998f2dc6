import { type Deferred, deferred } from "../shared/core/deferred.ts";
import { describeFailure } from "../shared/core/log.ts";
import { readSettings, type Settings } from "../shared/core/settings.ts";
import { openEventLog } from "../shared/event-log/event-log.ts";
import type { EventLog } from "../shared/event-log/types.ts";
import { createMonitor, type Monitor } from "../shared/health/monitor.ts";
import { openSightings } from "../shared/health/sightings.ts";
import { type Idempotency, openIdempotency } from "../shared/http/idempotency/idempotency.ts";
import type { LiveChat } from "../shared/livechat/live-chat.ts";
import type { People } from "../shared/people/people.ts";
import { createClock } from "../shared/storage/clock.ts";
import { openQueue } from "../shared/storage/open-queue.ts";
import { openTable } from "../shared/storage/open-table.ts";
import { readRow } from "../shared/storage/rows.ts";
import type { Subscribers } from "../shared/subscriptions/subscribers.ts";
import { createWakeUp, type WakeUp } from "../shared/subscriptions/wake-up.ts";
import { observeBudget, observeCall } from "../shared/telemetry/observe-call.ts";
import { traceEventLog } from "../shared/telemetry/trace-event-log.ts";
import { openTicketStore, type TicketStore } from "../shared/tickets/store/ticket-store.ts";
import { checksOf } from "./health/checks.ts";

/**
 * What operations call, each made on first use and kept for the life of the process: a cold start pays for what its
 * first request needs, and a setting that is missing is said by what needs it.
 */
export function createServices(environment: Record<string, string | undefined>): Services {
  const settings = once(() => readSettings(environment));
  const clock = createClock();
  const { now } = clock;
  const table = (name: string) => openTable(settings().storage, name, { clock });
  // No webhook waits for the client: receivers do without it.
  const liveChat = deferred(async () => {
    const { createLiveChatV2 } = await import("../shared/livechat/v2/client.ts");
    const client: LiveChat = createLiveChatV2({
      ...settings().liveChat,
      observe(attempt) {
        observeCall(attempt);
        observeBudget(client.usage());
      },
    });
    return client;
  });
  const eventsTable = once(() => table(settings().tables.events));
  // Whatever puts an event into the log has subscribers told of it.
  const eventLog = once(() =>
    traceEventLog(openEventLog({ table: eventsTable(), now, onStored: () => wakeUp().stored() })),
  );
  const idempotency = once(() => openIdempotency({ table: eventsTable(), now }));
  const ticketStore = once(() => openTicketStore({ table: table(settings().tables.tickets) }));
  const wakeUp: () => WakeUp = once(() => {
    const { wakeQueue: queue } = settings();
    const send = queue && openQueue(queue.location, queue.name);
    return createWakeUp({
      send: async (afterMs) => send?.("wake up", afterMs),
      anybody: () => subscribers.anybody(),
    });
  });
  const subscribers: Deferred<Subscribers> = deferred(async () => {
    const { openSubscribers } = await import("../shared/subscriptions/subscribers.ts");
    const { tables, allowLoopbackCallbacks: allowLoopback } = settings();
    return openSubscribers({
      table: table(tables.subscriptions),
      log: eventLog(),
      wakeUp: wakeUp(),
      allowLoopback,
    });
  });
  const people: Deferred<People> = deferred(async () => {
    const [{ openPeople }, { placesOfPeople }] = await Promise.all([
      import("../shared/people/people.ts"),
      import("../shared/people/places.ts"),
    ]);
    const { eventRetentionDays } = settings();
    const places = placesOfPeople({ eventsTable: eventsTable(), eventRetentionDays, now });
    return openPeople({ table: eventsTable(), places, now });
  });
  const services = {
    get settings() {
      return settings();
    },
    async time() {
      if (!clock.isChecked) await readRow(eventsTable(), "clock", "clock");
      return now();
    },
    liveChat,
    get eventLog() {
      return eventLog();
    },
    get ticketStore() {
      return ticketStore();
    },
    subscribers,
    people,
    get idempotency() {
      return idempotency();
    },
    get monitor() {
      return monitor();
    },
  };
  const monitor = once((): Monitor => {
    const sightings = openSightings(eventsTable);
    return createMonitor(checksOf(services, sightings), { sightings, onDefect: logDefect });
  });
  return services;
}

export type Services = {
  readonly settings: Settings;
  /**
   * Milliseconds since the epoch, surely by storage's clock where ours is off by more than a minute: at first that takes
   * a read. @throws StorageUnavailable
   */
  time(): Promise<number>;
  readonly liveChat: Deferred<LiveChat>;
  readonly eventLog: EventLog;
  readonly ticketStore: TicketStore;
  readonly subscribers: Deferred<Subscribers>;
  readonly people: Deferred<People>;
  readonly idempotency: Idempotency;
  /** What `Health` and `GetStatus` ask. */
  readonly monitor: Monitor;
};

function logDefect(check: string, error: unknown): void {
  console.error(JSON.stringify({ ...describeFailure(error), check }));
}

/** Makes a value when it is first asked for. A failure is not kept, so that it is tried again. */
function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
