import type { TableClient } from "@azure/data-tables";
import type { Deferred } from "../core/deferred.ts";
import type { Settings } from "../core/settings.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { LiveChat } from "../livechat/live-chat.ts";
import type { OpenQueue } from "../storage/open-queue.ts";
import type { SubscriptionService } from "../subscriptions/service.ts";
import type { TicketStore } from "../tickets/store/ticket-store.ts";
import type { CallLedger } from "./call-ledger.ts";
import type { Refusals } from "./refusals.ts";
import type { Sightings } from "./sightings.ts";

/** The parts of the app that checks look at. */
export type Examined = {
  /** @throws {SettingsError} while a setting is missing or wrong */
  readonly settings: Settings;
  readonly liveChat: Pick<Deferred<LiveChat>, "listWebhooks" | "findTickets" | "usage">;
  readonly eventLog: EventLog;
  /** Absent when the settings name tables but no queue. */
  readonly queue?: OpenQueue | undefined;
  readonly ticketStore: TicketStore;
  readonly subscriptions: Pick<Deferred<SubscriptionService>, "list">;
  readonly refusals: Pick<Refusals, "lastHour">;
  /** Only the checks of the Text platform read this table and these calls. */
  readonly eventsTable: TableClient;
  readonly callLedger: CallLedger;
};

/** The memory of the checks' states, and the present time in milliseconds since the epoch. */
export type CheckTools = { sightings: Sightings; now: () => number };
