import type { TableClient } from "@azure/data-tables";
import { DAY, toIso } from "../../shared/core/time.ts";
import { type EventLogPlacesOptions, eventLogPlaces } from "../../shared/event-log/people.ts";
import { LOG_PARTITION } from "../../shared/event-log/store.ts";
import { answersPlace } from "../../shared/http/idempotency/people.ts";
import type { DataPlace } from "../../shared/people/place.ts";
import { type AttemptsPlaceOptions, attemptsPlace } from "../../shared/subscriptions/people.ts";
import { arrivalsPlace } from "../../shared/tickets/arrivals/people.ts";
import { keepOut as keepTicketOut, ticketsPlace } from "../../shared/tickets/store/people.ts";
import { type TranscriptPlacesOptions, transcriptPlaces } from "../../shared/transcripts/people.ts";

/** Every place where data of people is stored, in the order in which they are erased: see `DataPlace` for how to add one. */
export function placesOfPeople(options: {
  eventsTable: TableClient;
  ticketsTable: TableClient;
  /** The attempts of the subscriptions, and the events that they have not received. */
  subscriptions: Omit<AttemptsPlaceOptions, "now"> & Pick<EventLogPlacesOptions, "heldThrough">;
  log: TranscriptPlacesOptions["log"];
  /** Age at which events are removed; they are kept when it is absent. */
  eventRetentionDays?: number;
  /** Days for which a ticket that is gone from LiveChat keeps its content. */
  deletedTicketDays: number;
  /** Milliseconds since the epoch. */
  now: () => number;
}): DataPlace[] {
  const { eventsTable: table, ticketsTable, subscriptions, log, eventRetentionDays, now } = options;
  const removeBefore = () => (eventRetentionDays ? toIso(now() - eventRetentionDays * DAY) : undefined);
  const keepOut = (id: string) => keepTicketOut(ticketsTable, id, toIso(now()));
  const store = { table, partitionKey: LOG_PARTITION };
  return [
    // Must come before the events: the erasure of a waiting end adds it to the log, and the log's erasure then
    // removes its content.
    ...transcriptPlaces({ table, log, removeBefore }),
    arrivalsPlace({ table, removeBefore }),
    ...eventLogPlaces(store, { removeBefore, heldThrough: subscriptions.heldThrough, keepOut, now }),
    attemptsPlace({ ...subscriptions, now }),
    ticketsPlace({ table: ticketsTable, deletedTicketDays: options.deletedTicketDays, now }),
    answersPlace({ table, keepOut, now }),
  ];
}
