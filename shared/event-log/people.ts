import { fromJson } from "../core/json.ts";
import { toIso } from "../core/time.ts";
import { namesPerson } from "../people/people-column.ts";
import { type Concern, concerns, concernsChat, peopleIn } from "../people/people-in.ts";
import type { Person } from "../people/person.ts";
import type { DataPlace } from "../people/place.ts";
import { type Match, placeOfRows, removeOld } from "../people/place-of-rows.ts";
import type { Row } from "../storage/rows.ts";
import { scanRows } from "../storage/scan.ts";
import { readBody } from "./bodies.ts";
import { eraseEvents, eventsAbout, type Readable } from "./erase.ts";
import { type EventRow, readEvent, readEventRow } from "./event-row.ts";
import { chatSubject, EVENTS, seqOf, subjectOf } from "./keys.ts";
import { type QuarantineRow, quarantineRows, removeQuarantined, toEntry } from "./quarantine.ts";
import { removeEvents, removeLeftBodies } from "./retention.ts";
import type { Store } from "./store.ts";
import type { StoredEvent } from "./types.ts";

type EventLogPlacesOptions = {
  /**
   * Events and quarantined deliveries that were received before this time are removed; all are kept when it is
   * absent.
   */
  removeBefore?: () => string | undefined;
  /**
   * Called with the id of a ticket before its events are erased, because the reconciliation may store the ticket
   * later.
   */
  keepOut?: (ticketId: string) => Promise<void>;
  /** All subscribers have received their events up to this place. Retention keeps later events. */
  heldThrough?: () => Promise<number>;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** The places of the event log: events, left-over bodies, and quarantined deliveries. */
export function eventLogPlaces(store: Store, options: EventLogPlacesOptions): DataPlace[] {
  const { now } = options;
  return [
    eventsPlace(store, options),
    {
      // The body of an event or a quarantined delivery is removed with it. This place has the other bodies.
      name: "bodies",
      erase: (_, after) => removeLeftBodies(store, now(), after),
      async *search() {},
      retain: (after) => removeLeftBodies(store, now(), after),
    },
    quarantinePlace(store, options),
  ];
}

/**
 * The events. When one event names the person, all events of its chat or ticket are the person's, because some of
 * them may lack the address.
 */
function eventsPlace(
  store: Store,
  { removeBefore, heldThrough, keepOut, now }: EventLogPlacesOptions,
): DataPlace {
  type Naming = Readable & { person: Person };

  /** All events of the same chat or ticket, including `naming`. */
  function eventsWith({ row, event }: Naming) {
    const isAbout = (other: StoredEvent) =>
      !("payload" in event) || (other.chatId === event.chatId && other.ticketId === event.ticketId);
    return eventsAbout(store, subjectOf(row.id), isAbout);
  }

  const place = placeOfRows<EventRow, Naming>({
    name: "events",
    rows: (after) => {
      const range = { ...EVENTS, after, select: ["rowKey", "erasedAt", "people"] };
      return scanRows(store.table, store.partitionKey, range);
    },
    async find({ rowKey, people, erasedAt }, person) {
      if (erasedAt !== undefined || namesPerson(people, person) === false) return undefined;
      const row = await readEventRow(store, seqOf(rowKey));
      const event = row && (await readEvent(store, row));
      const isTheirs = event && !("erased" in event) && doesName({ row, event }, person);
      return isTheirs ? { item: { row, event, person } } : undefined;
    },
    async erase(naming) {
      const { event, person } = naming;
      if ("payload" in event && event.ticketId !== undefined) await keepOut?.(event.ticketId);
      const rank = (each: Readable) => Number(doesName(each, person));
      // Events that name the person are erased last. If the process dies before that, the next call finds the chat or
      // ticket by them again.
      const about = (await eventsWith(naming)).sort((a, b) => rank(a) - rank(b));
      return eraseEvents(store, about, toIso(now()));
    },
    // Returns all events of the chat or ticket at the first event that names the person, so each appears once.
    async show(naming) {
      const about = await eventsWith(naming);
      const first = about.find((each) => doesName(each, naming.person));
      return first?.row.rowKey === naming.row.rowKey ? about.map(({ event }) => event) : [];
    },
    async *retain() {
      const before = removeBefore?.();
      if (before !== undefined) yield* removeEvents(store, before, await heldThrough?.());
    },
  });
  return {
    ...place,
    async *eraseChat(chatId) {
      const about = await eventsAbout(store, chatSubject(chatId), (event) => event.chatId === chatId);
      const removed = await eraseEvents(store, about, toIso(now()));
      yield { after: "", removed };
    },
  };
}

function doesName({ row, event }: Readable, person: Person): boolean {
  const payload = "payload" in event ? event.payload : undefined;
  return namesPerson(row.people, person) ?? peopleIn(payload).includes(person.email);
}

/** The quarantined deliveries. They do not fit a schema, so a person must decide about some of them. */
function quarantinePlace(store: Store, { removeBefore }: EventLogPlacesOptions): DataPlace {
  type QuarantinedBody = { row: Row<QuarantineRow>; raw: string };

  async function find(
    row: Row<QuarantineRow>,
    judge: (body: unknown) => Concern,
  ): Promise<Match<QuarantinedBody> | undefined> {
    const raw = await readBody(store, toEntry(row).id, row);
    if (raw === undefined) return undefined;
    // A body that is not JSON is searched as plain text.
    const concern = judge(fromJson(raw) ?? raw);
    return concern === "no" ? undefined : { item: { row, raw }, isUncertain: concern === "may" };
  }

  return placeOfRows<QuarantineRow, QuarantinedBody>({
    name: "quarantine",
    rows: (after) => quarantineRows(store, { after }),
    find: (row, person) => find(row, (body) => concerns(body, person)),
    findOfChat: (row, chatId) => find(row, (body) => concernsChat(body, chatId)),
    erase: ({ row }) => removeQuarantined(store, row),
    show: ({ row, raw }) => [{ ...toEntry(row), raw }],
    idOf: ({ row }) => toEntry(row).id,
    retain(after) {
      const rows = quarantineRows(store, {
        after,
        select: ["rowKey", "receivedAt", "bodyRows", "bodyFingerprint"],
      });
      return removeOld(rows, removeBefore?.(), (row) => removeQuarantined(store, row));
    },
  });
}
