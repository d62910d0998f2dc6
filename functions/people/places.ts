import type { TableClient } from "@azure/data-tables";
import type { Deferred } from "../../shared/core/deferred.ts";
import type { Settings } from "../../shared/core/settings.ts";
import { DAY, toIso } from "../../shared/core/time.ts";
import type { EventLog } from "../../shared/event-log/event-log.ts";
import { eventLogPlaces } from "../../shared/event-log/people.ts";
import { LOG_PARTITION } from "../../shared/event-log/store.ts";
import { answersPlace } from "../../shared/http/idempotency/people.ts";
import type { DataPlace } from "../../shared/people/place.ts";
import { attemptsPlace } from "../../shared/subscriptions/people.ts";
import type { SubscriptionService } from "../../shared/subscriptions/service.ts";
import { arrivalsPlace } from "../../shared/tickets/arrivals/people.ts";
import { keepOut as keepTicketOut, ticketsPlace } from "../../shared/tickets/store/people.ts";
import { transcriptPlaces } from "../../shared/transcripts/people.ts";

/** The parts of the app that store personal data or help to remove it. */
type PeopleParts = {
  eventsTable: TableClient;
  ticketsTable: TableClient;
  subscriptionsTable: TableClient;
  eventLog: EventLog;
  subscriptions: Pick<Deferred<SubscriptionService>, "erased" | "heldThrough">;
  settings: Pick<Settings, "eventRetentionDays" | "retentionMarginDays" | "deletedTicketDays">;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** All places that store personal data, in the order of their erasure. `DataPlace` explains how to add one. */
export function placesOfPeople(parts: PeopleParts): DataPlace[] {
  const { eventsTable: table, ticketsTable, eventLog: log, subscriptions, now } = parts;
  const { eventRetentionDays, retentionMarginDays, deletedTicketDays } = parts.settings;
  const removeBefore = () => (eventRetentionDays ? toIso(now() - eventRetentionDays * DAY) : undefined);
  const keepOut = (id: string) => keepTicketOut(ticketsTable, id, toIso(now()));
  const onErase = () => subscriptions.erased();
  // Events before this time are removed, even if a subscriber has not received them.
  const lostBefore = () => toIso(now() - ((eventRetentionDays ?? 0) + retentionMarginDays) * DAY);
  const heldThrough = () => subscriptions.heldThrough(lostBefore());
  const store = { table, partitionKey: LOG_PARTITION };
  return [
    // Must come before the events: erasing a waiting end adds it to the log, and the erasure of the log then removes
    // its content.
    ...transcriptPlaces({ table, log, removeBefore }),
    arrivalsPlace({ table, removeBefore }),
    ...eventLogPlaces(store, { removeBefore, heldThrough, keepOut, now }),
    attemptsPlace({ table: parts.subscriptionsTable, log, onErase, now }),
    ticketsPlace({ table: ticketsTable, deletedTicketDays, now }),
    answersPlace({ table, keepOut, now }),
  ];
}
