import type { TransactionAction } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
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
import { createTurns, type Timing } from "./turns.ts";
import type { Appended } from "./types.ts";

/** An event that is ready for its place in the log. */
export type Entry = {
  id: string;
  type: EventType;
  row: Omit<EventRow, "occurredAt" | "receivedAt"> & { occurredAt?: string };
  body: Body;
  nonce: string;
};

/** Milliseconds: the pause after a failure doubles from the first to the longest. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 400;
/** Milliseconds for which we take turns after another instance was faster, and how long a turn of ours lasts. */
const CONTENTION = 1000;
const OUR_TURN = 50;

/**
 * Makes the function that commits entries: group commit. What arrives while a transaction is on its way goes together
 * in the next, so the busier the log, the cheaper an event. Between instances the head's ETag decides who is first; the
 * others read it again and try with the next places.
 */
export function createCommitter(store: Store, timing: Timing) {
  const { table, partitionKey } = store;
  const { now, random, wait } = timing;
  const turns = createTurns(store, timing);
  const queue: Pending[] = [];
  /** By id, what is queued or on its way. */
  const underway = new Map<string, Pending>();
  let head: Head | undefined;
  let working = false;
  let contendedUntil = Number.NEGATIVE_INFINITY;

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
    for (let failures = 0; queue.length > 0; ) {
      if (failures > 0) await wait(random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures));
      const progress = now() < contendedUntil ? await commitInTurn() : await commitNext();
      failures = progress === "failed" ? failures + 1 : 0;
    }
    working = false;
  }

  async function commitInTurn(): Promise<Progress> {
    const { turn, busy } = await turns.take();
    // While others are met there, they are still writing.
    if (busy) contendedUntil = now() + CONTENTION;
    // Whoever had the turn before has moved the head.
    head = undefined;
    const end = now() + OUR_TURN;
    let progress: Progress;
    do progress = await commitNext();
    while (progress !== "failed" && queue.length > 0 && now() < end);
    if (turn) await turns.pass(turn);
    return progress;
  }

  /** Commits what fits together from the front of the queue. What is not settled then goes back. */
  async function commitNext(): Promise<Progress> {
    const batch = takeBatch(queue, partitionKey);
    const progress = await commitTogether(batch);
    queue.unshift(...batch.filter(({ settled }) => !settled));
    return progress;
  }

  async function commitTogether(batch: Pending[]): Promise<Progress> {
    const abort = new AbortController();
    const giveUp = () => batch.every(({ settled }) => settled) && abort.abort();
    for (const { signal } of batch) signal.addEventListener("abort", giveUp, { once: true });
    try {
      return batch.length > 0 ? await tryCommit(batch, abort.signal) : "made";
    } catch (error) {
      head = undefined;
      if (error instanceof OutcomeUnknown) {
        // If it was done, its rows are there now. If it still will be, it competes with the next attempt for the same
        // head, and only one of them can win.
        await settleKnown(batch, abort.signal).catch(() => undefined);
      }
      if (error instanceof StorageUnavailable) return "failed";
      // A defect, and perhaps of one of them only: the others must not suffer from it.
      if (batch.length === 1) for (const pending of batch) settle(pending).reject(error);
      else for (const pending of batch) await commitTogether([pending]);
      return "made";
    }
  }

  async function tryCommit(batch: Pending[], signal: AbortSignal): Promise<Progress> {
    head ??= await readHead(store, { signal });
    const plan = planTransaction(head, batch, now(), partitionKey);
    const outcome = await submit(table, plan.actions, { signal });
    if (outcome.committed) {
      head = { ...plan.head, etag: outcome.etags[plan.headIndex] };
      for (const [index, pending] of batch.entries()) {
        settle(pending).resolve({ status: "stored", id: pending.entry.id, seq: plan.firstSeq + index });
      }
      return "made";
    }
    const { part, pending } = plan.checks[outcome.index] ?? {};
    if (part === "identity") return settleKnown(batch, signal);
    if (part === "body" && pending) {
      await uploadBody(store, pending.entry.body, { signal });
      return "made";
    }
    head = undefined;
    contendedUntil = now() + CONTENTION;
    return "outrun";
  }

  /** Settles what the log has already, by whomever. */
  async function settleKnown(batch: Pending[], signal: AbortSignal): Promise<Progress> {
    const found = await Promise.all(
      batch.map(({ entry: { id } }) =>
        readRow<IdentityRow>(table, partitionKey, identityKey(id), { signal }),
      ),
    );
    for (const [index, pending] of batch.entries()) {
      const row = found[index];
      if (!row) continue;
      const { id, nonce } = pending.entry;
      settle(pending).resolve({ status: row.nonce === nonce ? "stored" : "duplicate", id, seq: row.seq });
    }
    return found.some((row) => row !== undefined) ? "made" : "failed";
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
  for (const { entry, settled } of queue) {
    if (settled) {
      count++;
      continue;
    }
    const actions = toActions(entry, { seq: 0, receivedAt: new Date(0).toISOString() }, partitionKey);
    operations += actions.length;
    for (const { action } of actions) bytes += wireBytes(action);
    if (count > 0 && (operations > MAX_OPERATIONS || bytes > MAX_TRANSACTION_BYTES)) break;
    count++;
  }
  return queue.splice(0, count).filter(({ settled }) => !settled);
}

/** How an attempt went: it got on; another instance was faster; or storage failed, so that it is time for a pause. */
type Progress = "made" | "outrun" | "failed";

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
