import type { TransactionAction } from "@azure/data-tables";
import { toPeopleColumn } from "../people/people-column.ts";
import { FORMAT } from "../storage/format.ts";
import { MAX_OPERATIONS, MAX_TRANSACTION_BYTES, wireBytes } from "../storage/limits.ts";
import { nextTurn } from "./append-turns.ts";
import { type Body, commitBody, deletion } from "./bodies.ts";
import type { EventRow, IdentityRow } from "./event-row.ts";
import { advanceHead, type Head, type KnownHead, receiptTime, toHeadRow } from "./head.ts";
import { toHourRow } from "./hours.ts";
import { identify } from "./identity.ts";
import { eventKey, identityKey, waitingKey } from "./keys.ts";
import type { NewEvent } from "./types.ts";

/** An event that is ready to be appended. */
export type AppendEntry = {
  event: NewEvent;
  body: Body;
  /** Tells this append's identity row from another's, after an answer of storage was lost. */
  nonce: string;
};

/** An event with its id and place, and the operations that append it. */
type PlannedEvent<Entry> = {
  entry: Entry;
  id: string;
  seq: number;
  /** Storage refuses these operations when the event is in the log, or when its body is missing. */
  checks: TransactionAction[];
  creation: TransactionAction;
};

/**
 * Plans the transaction that appends the first entries to the log: as many as fit. An instance appends in the turn of
 * another one only if the other one did not use its turn. The transaction then removes the other one from the waiting
 * instances.
 */
export function planAppend<Entry extends AppendEntry>(
  { head, waiting }: KnownHead,
  entries: readonly Entry[],
  options: {
    partitionKey: string;
    /** The instance that appends. */
    instance: string;
    /** Milliseconds since the epoch. */
    now: number;
  },
) {
  const { partitionKey, instance, now } = options;
  const receivedAt = receiptTime(head, now);
  const events = planEvents(head, entries, { partitionKey, receivedAt });
  const isLast = events.length === entries.length;
  const leaving = waiting.filter((other) => (other === instance ? isLast : other === head.turn));
  const remaining = waiting.filter((other) => !leaving.includes(other));
  const appended = events.map(({ entry }) => entry.event);
  const next: Head = { ...advanceHead(head, appended, receivedAt), turn: nextTurn(remaining, instance) };
  const headRow = toHeadRow(next, partitionKey);
  const { etag, hour } = head;
  // Storage reports the first operation that it refuses. The checks come before the head, so a duplicate is recognised
  // even when the head has changed.
  const checks = [
    ...events.flatMap((event) => event.checks),
    ...leaving.map((other) => deletion(partitionKey, waitingKey(other))),
  ];
  const actions: TransactionAction[] = [
    ...checks,
    etag === undefined ? ["create", headRow] : ["update", headRow, "Merge", { etag }],
    ...events.map(({ creation }) => creation),
  ];
  if (hour && hour.hour !== next.hour?.hour)
    actions.push(["upsert", toHourRow(hour, partitionKey), "Replace"]);
  return {
    actions,
    events,
    /** The head after the transaction. Its ETag will be the ETag of the action at `headIndex`. */
    head: next,
    headIndex: checks.length,
    /** The waiting instances after the transaction. */
    waiting: remaining,
  };
}

/** The operations that are not for events: the head, a completed hour, and two rows of instances that no longer wait. */
const OTHER_OPERATIONS = 4;
const OTHER_BYTES = 16 * 1024;

/** The first entries that fit into one transaction: at least one, and no two with the same id. */
function planEvents<Entry extends AppendEntry>(
  head: Head,
  entries: readonly Entry[],
  { partitionKey, receivedAt }: { partitionKey: string; receivedAt: string },
): PlannedEvent<Entry>[] {
  const planned: PlannedEvent<Entry>[] = [];
  let { licence } = head;
  let operations = OTHER_OPERATIONS;
  let bytes = OTHER_BYTES;
  for (const entry of entries) {
    const { event, body, nonce } = entry;
    licence ??= event.licence;
    const id = identify(event, licence);
    const seq = head.seq + 1 + planned.length;
    const identity: IdentityRow = { seq, nonce };
    const checks: TransactionAction[] = [
      ["create", { partitionKey, rowKey: identityKey(id), ...identity }],
      ...commitBody(partitionKey, id, body.properties),
    ];
    const row = toEventRow(entry, id, receivedAt);
    const creation: TransactionAction = ["create", { partitionKey, rowKey: eventKey(seq), ...row }];
    operations += checks.length + 1;
    for (const action of [...checks, creation]) bytes += wireBytes(action);
    const isFull = operations > MAX_OPERATIONS || bytes > MAX_TRANSACTION_BYTES;
    if (planned.length > 0 && (isFull || planned.some((other) => other.id === id))) break;
    planned.push({ entry, id, seq, checks, creation });
  }
  return planned;
}

function toEventRow({ event, body }: AppendEntry, id: string, receivedAt: string): EventRow {
  const { type, origin, occurredAt = receivedAt, people, trace } = event;
  const row = { format: FORMAT, id, type, origin, occurredAt, receivedAt, trace };
  return { ...row, people: toPeopleColumn(people), ...body.properties };
}
