import type { TransactionAction } from "@azure/data-tables";
import type { EventType, Origin } from "../schemas/webhook.ts";
import { FORMAT } from "../storage/format.ts";
import { MAX_OPERATIONS, MAX_TRANSACTION_BYTES, wireBytes } from "../storage/limits.ts";
import { type Body, commitBody, deletion } from "./bodies.ts";
import type { EventRow } from "./event-row.ts";
import { advanceHead, type Head, type Placed, toHeadRow } from "./head.ts";
import { toHourRow } from "./hours.ts";
import { eventKey, identityKey, waitingKey } from "./keys.ts";
import { type KnownHead, nextTurn } from "./turns.ts";

/** An event that is ready to be appended. */
export type AppendEntry = {
  id: string;
  type: EventType;
  origin: Origin;
  licence?: string;
  /** The licence that is part of `id`, if any: see `foreignLicence`. */
  foreign?: string;
  row: Omit<EventRow, "occurredAt" | "receivedAt"> & { occurredAt?: string };
  body: Body;
  /** Identifies our identity row after a lost answer. */
  nonce: string;
};

/** Operations besides the events': the head, a completed hour, and two rows of instances that no longer wait. */
const OTHER_OPERATIONS = 4;
const OTHER_BYTES = 16 * 1024;

/** How many of the first entries fit into one transaction: at least one, and no two with the same id. */
export function countThatFit(entries: readonly AppendEntry[], partitionKey: string): number {
  const ids = new Set<string>();
  let operations = OTHER_OPERATIONS;
  let bytes = OTHER_BYTES;
  for (const [count, entry] of entries.entries()) {
    const writes = toWrites(entry, { seq: 0, receivedAt: new Date(0).toISOString() }, partitionKey);
    operations += writes.length;
    for (const { action } of writes) bytes += wireBytes(action);
    const isFull = operations > MAX_OPERATIONS || bytes > MAX_TRANSACTION_BYTES;
    if (ids.has(entry.id) || (count > 0 && isFull)) return count;
    ids.add(entry.id);
  }
  return entries.length;
}

/** Plans the transaction that appends entries to the known head. */
export function planAppend(
  known: KnownHead,
  entries: readonly AppendEntry[],
  options: {
    partitionKey: string;
    /** Milliseconds since the epoch. */
    now: number;
    /** The instance that appends. */
    instance: string;
    /** Instances that no longer wait: this one, or one that did not use its turn. */
    noLongerWaiting: readonly string[];
  },
) {
  const { partitionKey, now, instance, noLongerWaiting } = options;
  const { head: next, placed, over } = advanceHead(known.head, entries, now);
  const waiting = known.waiting.filter((other) => !noLongerWaiting.includes(other));
  const head: Head = { ...next, turn: nextTurn(waiting, instance) };
  const headRow = toHeadRow(head, partitionKey);
  const { etag } = known.head;
  const writes = entries.flatMap((entry, index) => toWrites(entry, placed[index] as Placed, partitionKey));
  const leave = noLongerWaiting.map((other): Write => {
    return { part: "waiting", action: deletion(partitionKey, waitingKey(other)) };
  });
  const [events, checks] = [writes.filter(isEvent), [...writes.filter((write) => !isEvent(write)), ...leave]];
  // Operations that storage may refuse come first, so the index of a refusal tells its reason.
  const actions: TransactionAction[] = [
    ...checks.map(({ action }) => action),
    etag === undefined ? ["create", headRow] : ["update", headRow, "Merge", { etag }],
    ...events.map(({ action }) => action),
  ];
  if (over) actions.push(["upsert", toHourRow(over, partitionKey), "Replace"]);
  return {
    actions,
    /** The operations that storage may refuse, by their index in `actions`. The head follows them. */
    checks,
    /** The state after the transaction. */
    head,
    waiting,
    firstSeq: known.head.seq + 1,
  };
}

/** An action for an entry, or for an instance that no longer waits. */
type Write = {
  part: "identity" | "body" | "waiting" | "event";
  action: TransactionAction;
  entry?: AppendEntry;
};

const isEvent = ({ part }: Write) => part === "event";

function toWrites(entry: AppendEntry, { seq, receivedAt }: Placed, partitionKey: string): Write[] {
  const { id, nonce, row, body } = entry;
  const identity = { partitionKey, rowKey: identityKey(id), seq, nonce };
  const occurredAt = row.occurredAt ?? receivedAt;
  const event = { partitionKey, rowKey: eventKey(seq), format: FORMAT, ...row, occurredAt, receivedAt };
  return [
    { part: "identity", entry, action: ["create", identity] },
    ...commitBody(partitionKey, body).map((action): Write => ({ part: "body", entry, action })),
    { part: "event", entry, action: ["create", event] },
  ];
}
