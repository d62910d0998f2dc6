import { odata, type TransactionAction } from "@azure/data-tables";
import { putRow, type Row, readRow, readRows, removeRow } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { bodyKeys, readBody } from "./bodies.ts";
import { eventsOfSubject } from "./choose.ts";
import { type EventRow, readEvent } from "./event-row.ts";
import { readHead } from "./head.ts";
import {
  chatSubject,
  erasureKey,
  eventKey,
  personKey,
  QUARANTINED,
  quarantineIdOf,
  quarantineKey,
  seqOf,
  subjectOf,
} from "./keys.ts";
import { MAX_NESTING } from "./limits.ts";
import { nesting } from "./nesting.ts";
import { type QuarantineRow, removeQuarantined } from "./quarantine.ts";
import type { Going } from "./retention.ts";
import type { Store } from "./store.ts";
import type { StoredEvent } from "./types.ts";

const EVERYWHERE = { after: 0, upTo: Number.MAX_SAFE_INTEGER };
const ALWAYS: Going = () => true;

/** See `EventLog.eraseChat`. `erasedAt` is ISO 8601. */
export async function eraseChat(store: Store, chatId: string, erasedAt: string): Promise<{ erased: number }> {
  const events = await eraseSubject(store, chatSubject(chatId), (event) => event.chatId === chatId, erasedAt);
  const bodies = await eraseQuarantined(store, (text) => text === chatId, { from: "", going: ALWAYS });
  return { erased: events + bodies.erased };
}

/** How many places are searched in one request. */
const WINDOW = 10_000;

type Progress = { through: number; quarantine: string };

/**
 * See `EventLog.erasePerson`. An event that names the person gives away the chat or ticket; all of that is erased, since
 * not each of its events needs to say whose it is.
 */
export async function erasePerson(
  store: Store,
  email: string,
  { erasedAt, going }: { erasedAt: string; going: Going },
): Promise<{ erased: number; done: boolean }> {
  const { table, partitionKey } = store;
  const person = personKey(email);
  const rowKey = erasureKey(person);
  const progress: Progress = (await readRow<Progress>(table, partitionKey, rowKey)) ?? {
    through: 0,
    quarantine: "",
  };
  const stop = async () => {
    const { through, quarantine } = progress;
    await putRow(table, { partitionKey, rowKey, through, quarantine });
    return { erased, done: false };
  };
  let erased = 0;
  const head = await readHead(store);
  while (progress.through < head.seq) {
    const last = Math.min(progress.through + WINDOW, head.seq);
    const range = { from: eventKey(progress.through + 1), before: eventKey(last + 1) };
    const where = odata`person eq ${person}`;
    for await (const row of readRows<EventRow>(table, partitionKey, { ...range, where })) {
      erased += await eraseAllAbout(store, row, erasedAt);
      progress.through = seqOf(row.rowKey ?? "");
      if (!going()) return stop();
    }
    progress.through = last;
    if (!going()) return stop();
  }
  const address = email.trim().toLowerCase();
  const bodies = await eraseQuarantined(store, (text) => text.toLowerCase().includes(address), {
    from: progress.quarantine,
    going,
  });
  erased += bodies.erased;
  if (bodies.stoppedAt !== undefined) {
    progress.quarantine = bodies.stoppedAt;
    return stop();
  }
  await removeRow(table, partitionKey, rowKey);
  return { erased, done: true };
}

async function eraseAllAbout(store: Store, row: Row<EventRow>, erasedAt: string): Promise<number> {
  const event = await readEvent(store, row);
  if (!event || "erased" in event) return 0;
  const { chatId, ticketId } = event;
  const isSame = (other: StoredEvent) => other.chatId === chatId && other.ticketId === ticketId;
  return eraseSubject(store, subjectOf(row.id), isSame, erasedAt);
}

async function eraseSubject(
  store: Store,
  subject: string,
  isIt: (event: StoredEvent) => boolean,
  erasedAt: string,
): Promise<number> {
  let erased = 0;
  for await (const row of eventsOfSubject(store, subject, EVERYWHERE)) {
    const event = await readEvent(store, row);
    if (!event || "erased" in event || !isIt(event)) continue;
    if (await eraseEvent(store, row, erasedAt)) erased++;
  }
  return erased;
}

/**
 * Puts a tombstone in an event's place; `false` when it is erased or removed already. The identity stays, so that a
 * late delivery of the event is still a duplicate and does not bring it back.
 */
async function eraseEvent(
  { table, partitionKey }: Store,
  row: Row<EventRow>,
  erasedAt: string,
): Promise<boolean> {
  const { rowKey = "", id, type, origin, occurredAt, receivedAt } = row;
  const tombstone = { partitionKey, rowKey, id, type, origin, occurredAt, receivedAt, erasedAt };
  const actions: TransactionAction[] = [["update", tombstone, "Replace", { etag: row.etag }]];
  for (const key of bodyKeys(id, row)) actions.push(["delete", { partitionKey, rowKey: key }]);
  return (await submit(table, actions)).committed;
}

/** Removes the quarantined bodies behind `from` that say, anywhere, what `isIt` looks for. */
async function eraseQuarantined(
  store: Store,
  isIt: (text: string) => boolean,
  { from, going }: { from: string; going: Going },
): Promise<{ erased: number; stoppedAt?: string }> {
  let erased = 0;
  const range = { ...QUARANTINED, from: quarantineKey(from && `${from}~`), pageSize: 100 };
  for await (const row of readRows<QuarantineRow>(store.table, store.partitionKey, range)) {
    const id = quarantineIdOf(row.rowKey ?? "");
    const raw = await readBody(store, id, row);
    if (raw !== undefined && says(raw, isIt) && (await removeQuarantined(store, row))) erased++;
    // After one of them at least, so that every call gets on.
    if (!going()) return { erased, stoppedAt: id };
  }
  return { erased };
}

/** Whether any text or number in a JSON body, names of members included, is what is looked for. */
function says(raw: string, isIt: (text: string) => boolean): boolean {
  // What is too deep to be walked is not worth keeping when in doubt.
  if (nesting(raw) > MAX_NESTING) return true;
  const walk = (value: unknown): boolean => {
    if (typeof value === "string" || typeof value === "number") return isIt(String(value));
    if (typeof value !== "object" || value === null) return false;
    return Object.entries(value).some(([name, member]) => isIt(name) || walk(member));
  };
  return walk(JSON.parse(raw));
}
