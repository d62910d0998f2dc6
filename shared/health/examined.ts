import type { TableClient } from "@azure/data-tables";
import type { Settings } from "../core/settings.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { CallOptions, TicketRange, Usage, Webhook } from "../livechat/live-chat.ts";
import type { Refusals } from "../receive/refusals.ts";
import type { OpenQueue } from "../storage/open-queue.ts";
import type { Subscriber } from "../subscriptions/subscribers.ts";
import type { TicketStore } from "../tickets/store/ticket-store.ts";
import type { CallLedger } from "./call-ledger.ts";
import type { Sightings } from "./sightings.ts";

/** The parts of the app that checks look at. */
export type Examined = {
  /** @throws {SettingsError} while one of them is missing or wrong */
  readonly settings: Settings;
  readonly liveChat: {
    listWebhooks(call?: CallOptions): Promise<Webhook[]>;
    findTickets(filters: object, range: TicketRange, call?: CallOptions): Promise<unknown>;
    usage(): Promise<Usage>;
  };
  readonly eventLog: Pick<EventLog, "probe" | "head" | "count"> & {
    readonly quarantine: Pick<EventLog["quarantine"], "count">;
  };
  /** Absent when the settings name tables but no queue. */
  readonly queue?: Pick<OpenQueue, "probe"> | undefined;
  readonly ticketStore: TicketStore;
  readonly subscribers: { list(): Promise<Subscriber[]> };
  readonly refusals: Pick<Refusals, "lastHour">;
  /** Absent with LiveChat's API v2. */
  readonly text?: ExaminedText | undefined;
};

/** The parts that exist only with the Text platform. */
export type ExaminedText = {
  /** The events table. */
  table: TableClient;
  calls: Pick<CallLedger, "last" | "lifecycle" | "thisMonth">;
};

/** The memory of the checks, and the present time in milliseconds since the epoch. */
export type Memory = { sightings: Sightings; now: () => number };
