import { backOff } from "../core/back-off.ts";
import { StorageUnavailable } from "../core/errors.ts";
import { OutcomeUnknown } from "../storage/failures.ts";
import { NewerFormat } from "../storage/format.ts";
import { submit } from "../storage/transaction.ts";
import { uploadBody } from "./bodies.ts";
import { readIdentity } from "./event-row.ts";
import { foreignLicence } from "./identity.ts";
import { HEAD } from "./keys.ts";
import { type AppendEntry, countThatFit, planAppend } from "./plan-append.ts";
import type { Store } from "./store.ts";
import { type KnownHead, Line, type Timing, turnsUntil } from "./turns.ts";
import type { Appended } from "./types.ts";

/** Milliseconds: the pause after a failure doubles from the first to the longest. */
const COMMIT_PAUSES = { first: 20, longest: 400 };

type Queued = PromiseWithResolvers<Appended | undefined> & {
  entry: AppendEntry;
  signal: AbortSignal;
  settled: boolean;
};

/**
 * Commits entries in groups: events that arrive during a transaction share the next one, so in a busy log an event
 * costs less. When several instances append at once, the ETag of the head decides which one is first. The others read
 * the head again and take turns (see `turns.ts`).
 */
export class Committer {
  readonly #store: Store;
  readonly #timing: Timing;
  readonly #line: Line;
  #queue: Queued[] = [];
  #isWorking = false;
  /** The head as of the last reading or append; missing when it must be read again. */
  #known?: KnownHead;
  #licence?: string;
  /** Whether the log's head has this licence. If not, it is the licence of the events to append. */
  #isLicenceKept = false;
  /** Attempts in a row that failed in storage. */
  #failures = 0;

  constructor(store: Store, timing: Timing) {
    this.#store = store;
    this.#timing = timing;
    this.#line = new Line(store, timing);
  }

  /** The first licence that the log saw; absent while this instance does not know it. */
  get licence(): string | undefined {
    return this.#licence;
  }

  /**
   * Resolves with `undefined` when the log belongs to another licence than assumed: the entry then needs another id.
   */
  commit(entry: AppendEntry, signal: AbortSignal): Promise<Appended | undefined> {
    signal.throwIfAborted();
    const pending: Queued = { entry, signal, settled: false, ...Promise.withResolvers() };
    signal.addEventListener("abort", () => settle(pending).reject(signal.reason), { once: true });
    this.#queue.push(pending);
    if (!this.#isWorking) void this.#work();
    return pending.promise;
  }

  async #work(): Promise<void> {
    const { random, wait } = this.#timing;
    this.#isWorking = true;
    // Appends of the same turn of the event loop share a transaction.
    await undefined;
    while (this.#queue.length > 0) {
      if (this.#failures > 0) {
        await wait(backOff(this.#failures, COMMIT_PAUSES, random()));
      }
      const fitting = countThatFit(
        this.#queue.map(({ entry }) => entry),
        this.#store.partitionKey,
      );
      await this.#attempt(this.#queue.slice(0, fitting));
      this.#queue = this.#queue.filter(({ settled }) => !settled);
      if (this.#queue.length === 0) await this.#line.leave();
    }
    this.#isWorking = false;
  }

  async #attempt(batch: Queued[]): Promise<void> {
    const signal = whenAllAbort(batch);
    try {
      this.#known ??= await this.#line.readHead(signal);
      this.#isLicenceKept = this.#known.head.licence !== undefined;
      await this.#appendInTurn(batch, this.#known, signal);
    } catch (error) {
      this.#known = undefined;
      if (error instanceof OutcomeUnknown) {
        // If the transaction was committed, its rows exist now. If storage still commits it later, it competes with
        // the next attempt for the same head, and only one of them can win.
        await this.#settleKnown(batch, signal).catch(() => undefined);
      }
      if (error instanceof StorageUnavailable && !(error instanceof NewerFormat)) this.#failures++;
      else if (batch.length === 1) settle(batch[0] as Queued).reject(error);
      // A defect, perhaps caused by only one entry: the others are committed one by one.
      else for (const pending of batch) if (!pending.settled) await this.#attempt([pending]);
    }
  }

  async #appendInTurn(batch: Queued[], known: KnownHead, signal: AbortSignal): Promise<void> {
    const turns = turnsUntil(known, this.#line.instance);
    if (turns === 0) return this.#append(batch, known, signal);
    if (this.#line.isStuck) return this.#append(batch, known, signal, known.head.turn);
    this.#known = undefined;
    await this.#line.wait(turns, signal);
  }

  async #append(batch: Queued[], known: KnownHead, signal: AbortSignal, passedOver?: string): Promise<void> {
    const open = this.#identified(batch, known);
    if (open.length === 0) return;
    const staysInLine = open.length < this.#queue.length;
    const noLongerWaiting = [
      ...(this.#line.isWaiting && !staysInLine ? [this.#line.instance] : []),
      ...known.waiting.filter((other) => other === passedOver),
    ];
    const plan = planAppend(
      known,
      open.map(({ entry }) => entry),
      {
        partitionKey: this.#store.partitionKey,
        now: this.#timing.now(),
        instance: this.#line.instance,
        noLongerWaiting,
      },
    );
    const outcome = await submit(this.#store.table, plan.actions, { signal });
    if (outcome.committed) {
      const head = { ...plan.head, etag: outcome.etags[plan.checks.length] };
      const mustRead = this.#line.appended({ staysInLine });
      // When another instance has the next turn, it will have changed the head before we append again.
      this.#known = head.turn === undefined && !mustRead ? { head, waiting: plan.waiting } : undefined;
      this.#isLicenceKept = head.licence !== undefined;
      this.#failures = 0;
      for (const [index, pending] of open.entries()) {
        settle(pending).resolve({ status: "stored", id: pending.entry.id, seq: plan.firstSeq + index });
      }
      return;
    }
    const { part, entry } = plan.checks[outcome.index] ?? {};
    if (part === "identity") {
      if (this.#licence !== known.head.licence) await this.#keepLicence(known, signal);
      else if (!(await this.#settleKnown(open, signal))) this.#failures++;
    } else if (part === "body" && entry) await uploadBody(this.#store, entry.body, { signal });
    else {
      this.#known = undefined;
      this.#line.lost(part === "waiting" ? "place" : "race");
    }
  }

  /** The entries whose ids are right for the log's licence. The others are returned to get another id. */
  #identified(batch: Queued[], { head }: KnownHead): Queued[] {
    const open = batch.filter(({ settled }) => !settled);
    const licence = head.licence ?? open.find(({ entry }) => entry.licence !== undefined)?.entry.licence;
    this.#licence = licence;
    return open.filter((pending) => {
      const { entry } = pending;
      if (foreignLicence(licence, entry.licence) === entry.foreign) return true;
      settle(pending).resolve(undefined);
      return false;
    });
  }

  /**
   * Stores the licence in the head before an event counts as a duplicate. Without it, the licence of a later event
   * would be taken for the log's first one, and its events for duplicates.
   */
  async #keepLicence({ head: { etag } }: KnownHead, signal: AbortSignal): Promise<void> {
    this.#known = undefined;
    if (etag === undefined) return;
    const { table, partitionKey } = this.#store;
    const row = { partitionKey, rowKey: HEAD, licence: this.#licence };
    await submit(table, [["update", row, "Merge", { etag }]], { signal });
  }

  /** Settles the entries that are already in the log; `false` when none of them is. */
  async #settleKnown(batch: Queued[], signal: AbortSignal): Promise<boolean> {
    const found = await Promise.all(
      batch.map(({ entry: { id } }) => readIdentity(this.#store, id, { signal })),
    );
    for (const [index, pending] of batch.entries()) {
      const row = found[index];
      const { id, nonce, licence } = pending.entry;
      // Before the log has a licence, an event of another one has this id, too.
      if (!row || (row.nonce !== nonce && licence !== undefined && !this.#isLicenceKept)) continue;
      settle(pending).resolve({ status: row.nonce === nonce ? "stored" : "duplicate", id, seq: row.seq });
    }
    return found.some((row) => row !== undefined);
  }
}

function settle(pending: Queued): Queued {
  pending.settled = true;
  return pending;
}

/** Aborts when every entry of the batch is settled or aborted. */
function whenAllAbort(batch: Queued[]): AbortSignal {
  const abort = new AbortController();
  const giveUp = () => batch.every(({ settled }) => settled) && abort.abort();
  for (const { signal } of batch) signal.addEventListener("abort", giveUp, { once: true });
  return abort.signal;
}
