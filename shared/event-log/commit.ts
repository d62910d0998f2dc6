import type { TransactionAction } from "@azure/data-tables";
import { StorageUnavailable } from "../errors.ts";
import type { EventType } from "../schemas/webhook.ts";
import { OutcomeUnknown } from "../storage/failures.ts";
import { MAX_OPERATIONS, MAX_TRANSACTION_BYTES, wireBytes } from "../storage/limits.ts";
import { readRow } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { type Body, commitBody, uploadBody } from "./bodies.ts";
import type { EventRow, IdentityRow } from "./event-row.ts";
import { advance, type Head, type Placed, readHead, toHeadRow } from "./head.ts";
import { eventKey, identityKey } from "./keys.ts";
import type { Store } from "./store.ts";
import type { Appended } from "./types.ts";

/** An event that is ready for its place in the log. */
export type Entry = {
  id: string;
  type: EventType;
  row: Omit<EventRow, "occurredAt" | "receivedAt"> & { occurredAt?: string };
  body: Body;
  nonce: string;
};

export type CommitOptions = {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
};

/** Milliseconds: about as long as a commit takes, and the longest pause between two attempts. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 400;

/**
 * Makes the function that commits entries: group commit. What arrives while a transaction is on its way goes together
 * in the next, so the busier the log, the cheaper an event. Between instances the head's ETag decides who is first; the
 * others read it again and try with the next places.
 */
export function createCommitter(store: Store, { now, random, wait }: CommitOptions) {
  const { table, partitionKey } = store;
  const queue: Pending[] = [];
  /** By id, what is queued or on its way. */
  const underway = new Map<string, Pending>();
  let head: Head | undefined;
  let working = false;

  return async function commit(entry: Entry, signal: AbortSignal): Promise<Appended> {
    for (let same = underway.get(entry.id); same; same = underway.get(entry.id)) {
      const first = await same.promise.catch(() => undefined);
      if (first) return { ...first, status: "duplicate" };
    }
    signal.throwIfAborted();
    const pending = { entry, signal, settled: false, ...Promise.withResolvers<Appended>() };
    signal.addEventListener("abort", () => settle(pending).reject(signal.reason), { once: true });
    underway.set(entry.id, pending);
    queue.push(pending);
    if (!working) void work();
    return pending.promise;
  };

  async function work(): Promise<void> {
    working = true;
    // Whoever appends in the same turn of the event loop still comes along.
    await undefined;
    while (queue.length > 0) await commitTogether(takeBatch(queue, partitionKey));
    working = false;
  }

  /** Comes back when all of the batch is settled, one way or another. */
  async function commitTogether(batch: Pending[]): Promise<void> {
    const abort = new AbortController();
    const giveUp = () => batch.every(({ settled }) => settled) && abort.abort();
    for (const { signal } of batch) signal.addEventListener("abort", giveUp, { once: true });

    for (let failures = 0; ; ) {
      const open = batch.filter(({ settled }) => !settled);
      if (open.length === 0) return;
      if (failures > 0) await wait(random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures));
      try {
        failures = (await tryCommit(open, abort.signal)) ? 0 : failures + 1;
      } catch (error) {
        // A defect, and perhaps of one of them only: the others must not suffer from it.
        for (const pending of open) {
          if (open.length === 1) settle(pending).reject(error);
          else await commitTogether([pending]);
        }
      }
    }
  }

  /** Whether it got on, so that the next attempt need not wait. */
  async function tryCommit(open: Pending[], signal: AbortSignal): Promise<boolean> {
    try {
      head ??= await readHead(store, { signal });
      const plan = planTransaction(head, open, now(), partitionKey);
      const outcome = await submit(table, plan.actions, { signal });
      if (outcome.committed) {
        head = { ...plan.head, etag: outcome.etags[plan.headIndex] };
        for (const [index, pending] of open.entries()) {
          settle(pending).resolve({ status: "stored", id: pending.entry.id, seq: plan.firstSeq + index });
        }
        return true;
      }
      const { part, pending } = plan.checks[outcome.index] ?? {};
      if (part === "identity") return await settleKnown(open, signal);
      if (part === "body" && pending) {
        await uploadBody(store, pending.entry.body, { signal });
        return true;
      }
      // Somebody else was faster, and the head has moved on.
      head = undefined;
      return false;
    } catch (error) {
      head = undefined;
      if (!(error instanceof StorageUnavailable)) throw error;
      // Whether it was done is open. If it was, its rows are there now; if it still will be, it competes with the next
      // attempt for the same head, and only one of them can win.
      if (error instanceof OutcomeUnknown) await settleKnown(open, signal).catch(() => false);
      return false;
    }
  }

  /** Settles what the log has already, by whomever; whether there was any of it. */
  async function settleKnown(open: Pending[], signal: AbortSignal): Promise<boolean> {
    const found = await Promise.all(
      open.map(({ entry: { id } }) => readRow<IdentityRow>(table, partitionKey, identityKey(id), { signal })),
    );
    for (const [index, pending] of open.entries()) {
      const row = found[index];
      if (!row) continue;
      const { id, nonce } = pending.entry;
      settle(pending).resolve({ status: row.nonce === nonce ? "stored" : "duplicate", id, seq: row.seq });
    }
    return found.some((row) => row !== undefined);
  }

  function settle(pending: Pending): Pending {
    if (!pending.settled) underway.delete(pending.entry.id);
    pending.settled = true;
    return pending;
  }
}

type Pending = PromiseWithResolvers<Appended> & { entry: Entry; signal: AbortSignal; settled: boolean };

/** The head, and the block that an append may fill. */
const OTHER_OPERATIONS = 2;
const OTHER_BYTES = 16 * 1024;

/** Takes from the front of the queue what fits into one transaction. */
function takeBatch(queue: Pending[], partitionKey: string): Pending[] {
  let operations = OTHER_OPERATIONS;
  let bytes = OTHER_BYTES;
  let count = 0;
  for (const { entry } of queue) {
    const actions = toActions(entry, { seq: 0, receivedAt: new Date(0).toISOString() }, partitionKey);
    operations += actions.length;
    for (const { action } of actions) bytes += wireBytes(action);
    if (count > 0 && (operations > MAX_OPERATIONS || bytes > MAX_TRANSACTION_BYTES)) break;
    count++;
  }
  return queue.splice(0, count);
}

type Part = "identity" | "body" | "event";

function planTransaction(head: Head, open: Pending[], now: number, partitionKey: string) {
  const types = open.map(({ entry }) => entry.type);
  const { head: next, placed, filled } = advance(head, types, now, partitionKey);
  const operations = open.flatMap((pending, index) =>
    toActions(pending.entry, placed[index] as Placed, partitionKey).map((operation) => ({
      ...operation,
      pending,
    })),
  );
  const headRow = toHeadRow(next, partitionKey);
  const headAction: TransactionAction = head.etag
    ? ["update", headRow, "Replace", { etag: head.etag }]
    : ["create", headRow];
  // What can be refused comes before what then cannot.
  const checks = operations.filter(({ part }) => part !== "event");
  const events = operations.filter(({ part }) => part === "event");
  const actions = [...checks.map(({ action }) => action), headAction, ...events.map(({ action }) => action)];
  if (filled) actions.push(["upsert", filled, "Replace"]);
  return { actions, checks, head: next, headIndex: checks.length, firstSeq: head.seq + 1 };
}

function toActions(
  { id, nonce, row, body }: Entry,
  { seq, receivedAt }: Placed,
  partitionKey: string,
): { part: Part; action: TransactionAction }[] {
  const identity = { partitionKey, rowKey: identityKey(id), seq, nonce };
  const occurredAt = row.occurredAt ?? receivedAt;
  const event = { partitionKey, rowKey: eventKey(seq), ...row, occurredAt, receivedAt };
  return [
    { part: "identity", action: ["create", identity] },
    ...commitBody(partitionKey, body).map((action) => ({ part: "body" as const, action })),
    { part: "event", action: ["create", event] },
  ];
}
