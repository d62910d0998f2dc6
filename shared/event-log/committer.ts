import { randomUUID } from "node:crypto";
import { StorageUnavailable } from "../core/errors.ts";
import { backOff } from "../core/wait.ts";
import { OutcomeUnknown } from "../storage/failures.ts";
import { NewerFormat } from "../storage/format.ts";
import { submit } from "../storage/transaction.ts";
import { AppendTurns, type Timing } from "./append-turns.ts";
import { type Body, bodyKeys, uploadBody } from "./bodies.ts";
import { readIdentity } from "./event-row.ts";
import type { Head } from "./head.ts";
import { HEAD, identityKey } from "./keys.ts";
import { type AppendEntry, planAppend } from "./plan-append.ts";
import type { Store } from "./store.ts";
import type { Appended, NewEvent } from "./types.ts";

/** Milliseconds: the pause after a failure doubles from the first to the longest. */
const COMMIT_PAUSES = { first: 20, longest: 400 };

/** An event in the queue, and the promise of its append. */
type Queued = AppendEntry & PromiseWithResolvers<Appended>;

type Plan = ReturnType<typeof planAppend<Queued>>;

/**
 * Commits the events of an instance, one transaction after another. Events that arrive during a transaction share the
 * next one. When several instances append at once, the ETag of the head decides which transaction is first. The other
 * instances read the head again and take turns (see `append-turns.ts`).
 */
export class Committer {
  readonly #store: Store;
  readonly #timing: Timing;
  readonly #turns: AppendTurns;
  /** Events whose append has no result yet, in the order of their arrival. */
  readonly #queue = new Set<Queued>();
  #isWorking = false;
  /** Attempts in a row that failed in storage. */
  #failures = 0;
  /**
   * How many events at the head of the queue are tried alone: a transaction with them failed by a defect, and any of
   * them may be the cause.
   */
  #alone = 0;
  /** The events of the present attempt. */
  #tried: readonly Queued[] = [];
  /** Aborts the requests of the present attempt. */
  #abort = new AbortController();

  constructor(store: Store, timing: Timing) {
    this.#store = store;
    this.#timing = timing;
    this.#turns = new AppendTurns(store, timing);
  }

  /** Appends an event. A body with rows of its own must be uploaded before. */
  commit(event: NewEvent, body: Body, signal: AbortSignal): Promise<Appended> {
    signal.throwIfAborted();
    const promise = Promise.withResolvers<Appended>();
    const queued = { event, body, nonce: randomUUID(), ...promise };
    const giveUp = () => {
      this.#reject(queued, signal.reason);
      if (this.#isAbandoned()) this.#abort.abort();
    };
    signal.addEventListener("abort", giveUp, { once: true });
    this.#queue.add(queued);
    if (!this.#isWorking) void this.#work();
    return promise.promise;
  }

  /** Whether all events of the present attempt were given up. */
  #isAbandoned(): boolean {
    return this.#tried.every((tried) => !this.#queue.has(tried));
  }

  async #work(): Promise<void> {
    const { random, wait } = this.#timing;
    this.#isWorking = true;
    // Appends of the same turn of the event loop share a transaction.
    await undefined;
    while (this.#queue.size > 0) {
      if (this.#failures > 0) await wait(backOff(this.#failures, COMMIT_PAUSES, random()));
      await this.#attempt();
      if (this.#queue.size === 0) await this.#turns.leave();
    }
    this.#isWorking = false;
  }

  /** Tries to append the first events of the queue in one transaction. */
  async #attempt(): Promise<void> {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#tried = this.#next();
    try {
      const known = await this.#turns.take(signal);
      // Events have arrived or were given up meanwhile.
      this.#tried = this.#next();
      if (this.#tried.length === 0) return;
      const { partitionKey } = this.#store;
      const { instance } = this.#turns;
      const plan = planAppend(known, this.#tried, { partitionKey, instance, now: this.#timing.now() });
      // Events that do not fit wait for the next transaction.
      this.#tried = plan.events.map(({ entry }) => entry);
      await this.#submit(plan, known.head, signal);
      this.#failures = 0;
    } catch (error) {
      this.#turns.forget();
      if (error instanceof StorageUnavailable && !(error instanceof NewerFormat)) this.#failures++;
      else if (this.#tried.length === 1) this.#reject(this.#tried[0] as Queued, error);
      else this.#alone = this.#tried.length;
    }
  }

  /** The events to try next: the whole queue, or its first event alone. */
  #next(): Queued[] {
    return [...this.#queue].slice(0, this.#alone > 0 ? 1 : undefined);
  }

  /**
   * Sends a planned transaction. When storage refuses it, its answer names the row of the first refused operation:
   *
   * | refused row | meaning | what follows |
   * | --- | --- | --- |
   * | a row of a body | retention removed the row before it was committed | the body is uploaded again |
   * | the head, or a waiting instance's | another instance appended first | the instances take turns |
   * | an identity | the event is in the log | it is a duplicate |
   * | an identity, and the log has no licence | the event may be another licence's | the licence is stored first |
   *
   * @param before the head that the plan was made for
   */
  async #submit({ actions, events, ...planned }: Plan, before: Head, signal: AbortSignal): Promise<void> {
    const outcome = await submit(this.#store.table, actions, { signal }).catch(async (error) => {
      // If the transaction was committed, its rows exist now. If storage still commits it later, it competes with the
      // next attempt for the same head, and only one of them can win.
      if (error instanceof OutcomeUnknown)
        await this.#resolveKnown(events, before, signal).catch(() => undefined);
      throw error;
    });
    if (outcome.committed) {
      const head = { ...planned.head, etag: outcome.etags[planned.headIndex] };
      this.#turns.recordAppend({ head, waiting: planned.waiting });
      for (const { entry, id, seq } of events) this.#resolve(entry, { status: "stored", id, seq });
      return;
    }
    const refused = actions[outcome.index]?.[1].rowKey ?? "";
    const lacksBody = events.find(({ id, entry }) => bodyKeys(id, entry.body.properties).includes(refused));
    if (lacksBody) await uploadBody(this.#store, lacksBody.id, lacksBody.entry.body, { signal });
    else if (!events.some(({ id }) => identityKey(id) === refused)) this.#turns.recordLoss();
    else if (before.licence === planned.head.licence) await this.#resolveKnown(events, before, signal);
    else await this.#keepLicence(planned.head.licence, before, signal);
  }

  /**
   * Stores the licence in the head before an event counts as a duplicate. Otherwise the next event could give the log
   * another licence, whose events would then count as duplicates.
   */
  async #keepLicence(licence: string | undefined, { etag }: Head, signal: AbortSignal): Promise<void> {
    this.#turns.forget();
    // Another instance has just created the head, or a restore was interrupted before it wrote the head.
    if (etag === undefined) throw new StorageUnavailable("The log has events but no head.");
    const { table, partitionKey } = this.#store;
    const row = { partitionKey, rowKey: HEAD, licence };
    await submit(table, [["update", row, "Merge", { etag }]], { signal });
  }

  /** Resolves the appends of the events that are in the log now. */
  async #resolveKnown(events: Plan["events"], before: Head, signal: AbortSignal): Promise<void> {
    const found = await Promise.all(events.map(({ id }) => readIdentity(this.#store, id, { signal })));
    for (const [index, { entry, id }] of events.entries()) {
      const row = found[index];
      const isOurs = row?.nonce === entry.nonce;
      // While the log has no licence, an event of another licence may have this id.
      const isSure = isOurs || entry.event.licence === undefined || before.licence !== undefined;
      if (row && isSure) this.#resolve(entry, { status: isOurs ? "stored" : "duplicate", id, seq: row.seq });
    }
  }

  #resolve(queued: Queued, appended: Appended): void {
    this.#remove(queued);
    queued.resolve(appended);
  }

  #reject(queued: Queued, error: unknown): void {
    this.#remove(queued);
    queued.reject(error);
  }

  #remove(queued: Queued): void {
    if (this.#queue.delete(queued) && this.#alone > 0) this.#alone--;
  }
}
