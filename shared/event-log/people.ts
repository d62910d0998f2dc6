import { toIso } from "../core/time.ts";
import { namesPerson } from "../people/people-column.ts";
import { concerns, concernsChat, peopleIn } from "../people/people-in.ts";
import type { Person } from "../people/person.ts";
import type { DataPlace, FoundItems } from "../people/place.ts";
import { type Row, readRow } from "../storage/rows.ts";
import { scan } from "../storage/scan.ts";
import { readBody } from "./bodies.ts";
import { eraseEvent, eraseSubject, eventsAbout } from "./erase.ts";
import { type EventRow, readEvent } from "./event-row.ts";
import { chatSubject, EVENTS, QUARANTINED, quarantineIdOf, subjectOf } from "./keys.ts";
import { type QuarantineRow, removeQuarantined, toEntry, WINDOW } from "./quarantine.ts";
import { removeEvents, removeLeftBodies, removeOldQuarantined } from "./retention.ts";
import type { Store } from "./store.ts";
import type { LogEvent, StoredEvent } from "./types.ts";

export type EventLogPlacesOptions = {
  /** Events and quarantined deliveries are removed when they were received before this time; kept when it is absent. */
  removeBefore?: () => string | undefined;
  /** Called with the id of a ticket before its events are erased: the reconciliation may not have stored it yet. */
  keepOut?: (ticketId: string) => Promise<void>;
  /** The place up to which subscribers have what they want: retention waits with the events behind it. */
  heldThrough?: () => Promise<number>;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** The places of the event log: events, the bodies that no event has claimed, and quarantined deliveries. */
export function eventLogPlaces(store: Store, options: EventLogPlacesOptions): DataPlace[] {
  return [eventsPlace(store, options), bodiesPlace(store, options), quarantinePlace(store, options)];
}

/**
 * The events. One that names the person gives away the chat or ticket; all events of it are the person's, since not each
 * of them needs to say whose it is.
 */
function eventsPlace(
  store: Store,
  { removeBefore, heldThrough, keepOut, now }: EventLogPlacesOptions,
): DataPlace {
  /** Those that name the person come last: when the process dies before, they still give the others away. */
  async function eraseAllAbout(row: Row<EventRow>, event: LogEvent, person: Person): Promise<number> {
    const about = await Array.fromAsync(eventsAbout(store, subjectOf(row.id), isSame(event)));
    const naming = about.filter((each) => names(each.row, each.event, person));
    const others = about.filter((each) => !naming.includes(each));
    let erased = 0;
    for (const each of [...others, ...naming]) if (await eraseEvent(store, each.row, toIso(now()))) erased++;
    return erased;
  }

  return {
    name: "events",
    async *erase(person, after) {
      for await (const { after: at, row, event } of eventsNaming(store, person, after)) {
        if (event && "payload" in event && event.ticketId !== undefined) await keepOut?.(event.ticketId);
        yield { after: at, erased: row && event ? await eraseAllAbout(row, event, person) : 0 };
      }
    },
    async *eraseChat(chatId) {
      const isIt = (event: StoredEvent) => event.chatId === chatId;
      yield { after: "", erased: await eraseSubject(store, chatSubject(chatId), isIt, toIso(now())) };
    },
    async *search(person, after) {
      for await (const { after: at, row, event } of eventsNaming(store, person, after)) {
        yield { after: at, items: row && event ? await subjectFoundAt(store, row, event, person) : [] };
      }
    },
    async *retain() {
      const before = removeBefore?.();
      if (before !== undefined) yield* removeEvents(store, before, await heldThrough?.());
    },
  };
}

/** Steps through the log; those with an event have come upon one that names the person. */
async function* eventsNaming(
  store: Store,
  person: Person,
  after: string,
): AsyncGenerator<{ after: string; row?: Row<EventRow>; event?: LogEvent }> {
  const select = ["rowKey", "erasedAt", "people"];
  for await (const rows of scan<EventRow>(store.table, store.partitionKey, { ...EVENTS, after, select })) {
    let last = after;
    for (const { rowKey = "", people, erasedAt } of rows) {
      last = rowKey;
      if (erasedAt !== undefined || namesPerson(people, person) === false) continue;
      const row = await readRow<EventRow>(store.table, store.partitionKey, rowKey);
      const event = row && (await readEvent(store, row));
      const found = event && !("erased" in event) && names(row, event, person);
      yield found ? { after: rowKey, row, event } : { after: rowKey };
    }
    yield { after: last };
  }
}

function names({ people }: Row<EventRow>, event: LogEvent, person: Person): boolean {
  const payload = "payload" in event ? event.payload : undefined;
  return namesPerson(people, person) ?? peopleIn(payload).includes(person.email);
}

/** Whether an event is about the same chat or ticket as one of the same hash. */
const isSame = (event: LogEvent) => (other: StoredEvent) =>
  !("payload" in event) || (other.chatId === event.chatId && other.ticketId === event.ticketId);

/** All events of the chat or ticket, at the first of them that names the person; none at the others. */
async function subjectFoundAt(
  store: Store,
  { id, rowKey }: Row<EventRow>,
  event: LogEvent,
  person: Person,
): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  let first: string | undefined;
  for await (const found of eventsAbout(store, subjectOf(id), isSame(event))) {
    events.push(found.event);
    if (first === undefined && names(found.row, found.event, person)) first = found.row.rowKey;
  }
  return first === rowKey ? events : [];
}

/** Bodies are parts of events and quarantined deliveries, and go with them; what is left here are ones of neither. */
function bodiesPlace(store: Store, { now }: EventLogPlacesOptions): DataPlace {
  return {
    name: "bodies",
    async *erase(_, after) {
      for await (const { after: at, removed } of removeLeftBodies(store, now(), after)) {
        yield { after: at, erased: removed };
      }
    },
    async *search() {},
    retain: (after) => removeLeftBodies(store, now(), after),
  };
}

/** The quarantined deliveries. They fit no schema, so that some of them a person has to decide on. */
function quarantinePlace(store: Store, { removeBefore }: EventLogPlacesOptions): DataPlace {
  type Judge = (body: unknown) => "names" | "may" | "no";

  async function* entries(judge: Judge, after: string) {
    const range = { ...QUARANTINED, after, window: WINDOW };
    for await (const rows of scan<QuarantineRow>(store.table, store.partitionKey, range)) {
      for (const row of rows) {
        const id = quarantineIdOf(row.rowKey ?? "");
        const raw = await readBody(store, id, row);
        const is = raw === undefined ? "no" : judge(parseOrText(raw));
        yield { after: row.rowKey ?? "", row, id, raw, is };
      }
    }
  }

  async function* erase(judge: Judge, after: string) {
    for await (const { after: at, row, id, is } of entries(judge, after)) {
      const removed = is === "names" && (await removeQuarantined(store, row));
      yield { after: at, erased: removed ? 1 : 0, ...(is === "may" && { undecided: id }) };
    }
  }

  return {
    name: "quarantine",
    erase: (person, after) => erase((body) => concerns(body, person), after),
    eraseChat: (chatId, after) => erase((body) => concernsChat(body, chatId), after),
    async *search(person, after): AsyncGenerator<FoundItems> {
      for await (const { after: at, row, raw, is } of entries((body) => concerns(body, person), after)) {
        yield {
          after: at,
          items: is === "no" ? [] : [{ ...toEntry(row), raw }],
          ...(is === "may" && { undecided: true }),
        };
      }
    },
    async *retain(after) {
      const before = removeBefore?.();
      if (before !== undefined) yield* removeOldQuarantined(store, before, after);
    },
  };
}

function parseOrText(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    // All of it is text then, in which an address can still be found.
    return raw;
  }
}
