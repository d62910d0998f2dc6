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

/** An event that is ready for its place in the log. */
export type AppendEntry = {
  id: string;
  type: EventType;
  origin: Origin;
  licence?: string;
  /** The licence that is part of `id`, if one is: see `foreignLicence`. */
  foreign?: string;
  row: Omit<EventRow, "occurredAt" | "receivedAt"> & { occurredAt?: string };
  body: Body;
  /** Tells our own identity row, after an answer was lost, from another instance's. */
  nonce: string;
};

/** Beside the events: the head, a completed hour, and two rows of instances that no longer wait. */
const OTHER_OPERATIONS = 4;
const OTHER_BYTES = 16 * 1024;

/** How many entries, from the first on, fit into one transaction: at least one, and none twice. */
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

export type AppendContext = {
  partitionKey: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** Who appends. */
  instance: string;
  /** The rows that end instances' waiting: our own, and that of an instance that did not use its turn. */
  noLongerWaiting: readonly string[];
};

export type Plan = {
  actions: TransactionAction[];
  /** By its index among the actions, what can be refused: the head is behind them. */
  checks: readonly { part: "identity" | "body" | "waiting"; entry?: AppendEntry }[];
  /** As they are once this is done. */
  head: Head;
  waiting: readonly string[];
  firstSeq: number;
};

/** The one transaction that appends entries to the known head. */
export function planAppend(
  known: KnownHead,
  entries: readonly AppendEntry[],
  { partitionKey, now, instance, noLongerWaiting }: AppendContext,
): Plan {
  const { head: next, placed, over } = advanceHead(known.head, entries, now);
  const waiting = known.waiting.filter((other) => !noLongerWaiting.includes(other));
  const head = { ...next, turn: nextTurn(waiting, instance) };
  const headRow = toHeadRow(head, partitionKey);
  const { etag } = known.head;
  const writes = entries.flatMap((entry, index) => {
    return toWrites(entry, placed[index] as Placed, partitionKey).map((write) => ({ ...write, entry }));
  });
  const leave = noLongerWaiting.map((other) => ({
    part: "waiting" as const,
    action: deletion(partitionKey, waitingKey(other)),
  }));
  // What can be refused comes before what then cannot.
  const checks = [...writes.filter(({ part }) => part !== "event"), ...leave] as (Plan["checks"][number] &
    Write)[];
  const actions: TransactionAction[] = [
    ...checks.map(({ action }) => action),
    etag === undefined ? ["create", headRow] : ["update", headRow, "Merge", { etag }],
    ...writes.filter(({ part }) => part === "event").map(({ action }) => action),
  ];
  if (over) actions.push(["upsert", toHourRow(over, partitionKey), "Replace"]);
  return { actions, checks, head, waiting, firstSeq: known.head.seq + 1 };
}

type Write = { part: "identity" | "body" | "waiting" | "event"; action: TransactionAction };

function toWrites(
  { id, nonce, row, body }: AppendEntry,
  { seq, receivedAt }: Placed,
  partitionKey: string,
): Write[] {
  const identity = { partitionKey, rowKey: identityKey(id), seq, nonce };
  const occurredAt = row.occurredAt ?? receivedAt;
  const event = { partitionKey, rowKey: eventKey(seq), format: FORMAT, ...row, occurredAt, receivedAt };
  return [
    { part: "identity", action: ["create", identity] },
    ...commitBody(partitionKey, body).map((action): Write => ({ part: "body", action })),
    { part: "event", action: ["create", event] },
  ];
}
