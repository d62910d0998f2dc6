import { randomUUID } from "node:crypto";
import { putRow, removeRow } from "../storage/rows.ts";
import { type KnownHead, readHead, readHeadAndWaiting } from "./head.ts";
import { waitingKey } from "./keys.ts";
import type { Store } from "./store.ts";

// Instances that append at the same time take turns. Without turns, all of them would prepare a transaction for the
// same place in the log, and only one would succeed. The fastest instance would succeed every time, because it already
// knows the head.
//
// An instance that loses two races in a row adds a row for itself beside the head. Each append writes the next waiting
// instance into the head. The order is by instance id; after the last id comes the first again. So an instance waits
// for at most one turn of every other. The turns only make waiting fair: the ETag of the head keeps the log in order.

/** The next waiting instance after `instance`, if there is one. */
export function nextTurn(waiting: readonly string[], instance: string): string | undefined {
  const others = waiting.filter((other) => other !== instance).sort();
  return others.find((other) => other > instance) ?? others[0];
}

/** How many turns come before the turn of `instance`; 0 when it may append now. */
export function turnsUntil({ head, waiting }: KnownHead, instance: string): number {
  if (head.turn === undefined || head.turn === instance) return 0;
  const ring = [...new Set([...waiting, instance, head.turn])].sort();
  return (ring.indexOf(instance) - ring.indexOf(head.turn) + ring.length) % ring.length;
}

export type Timing = {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
};

/** After a lost race, readings of the head also read the waiting instances for this many milliseconds. */
const CONTENTION = 1_000;
/** Milliseconds after which an instance that has not used its turn is skipped. */
const TURN_LIMIT = 500;
/** Milliseconds to wait for each turn before ours. */
const TURN_POLL = 30;
/**
 * An instance that appends without a pause of `STREAK_PAUSE` milliseconds checks for waiting instances every
 * `CHECK_OTHERS` milliseconds.
 */
const STREAK_PAUSE = 200;
const CHECK_OTHERS = 500;

/** An instance's part in taking turns: the head that it knows, and whether it waits. */
export class AppendTurns {
  readonly instance = randomUUID();
  readonly #store: Store;
  readonly #timing: Timing;
  /** The head for the next append; missing when it must be read again. */
  #known?: KnownHead;
  /** The version of the head that was read last, and when it was first read. */
  #seen: { etag?: string; at: number } = { at: Number.NEGATIVE_INFINITY };
  /** Whether our row is among the waiting instances. */
  #isWaiting = false;
  /** Races in a row that another instance won. */
  #lostRaces = 0;
  #contendedUntil = Number.NEGATIVE_INFINITY;
  #lastAppend = Number.NEGATIVE_INFINITY;
  #lastCheck = Number.NEGATIVE_INFINITY;

  constructor(store: Store, timing: Timing) {
    this.#store = store;
    this.#timing = timing;
  }

  /** Waits for our turn, and returns the head to append to. */
  async take(signal: AbortSignal): Promise<KnownHead> {
    const { now, random, wait } = this.#timing;
    for (;;) {
      this.#known ??= await this.#read(signal);
      const turns = turnsUntil(this.#known, this.instance);
      // After the limit, by our own clock, the instance with the turn is skipped: it has died or is paused.
      if (turns === 0 || now() - this.#seen.at > TURN_LIMIT) return this.#known;
      this.#known = undefined;
      await this.#join(signal);
      await wait(TURN_POLL * (turns - random() / 2));
    }
  }

  /** Records that we appended, and that the head is now `known`. */
  recordAppend(known: KnownHead): void {
    this.#isWaiting = known.waiting.includes(this.instance);
    this.#lostRaces = 0;
    // When another instance has the next turn, it will have changed the head before we append again.
    const mustRead = this.#isCheckDue() || known.head.turn !== undefined;
    this.#known = mustRead ? undefined : known;
  }

  /**
   * Whether the next append must look for waiting instances. An instance that wins every race never needs to read the
   * head, so it would not see them.
   */
  #isCheckDue(): boolean {
    const now = this.#timing.now();
    if (now - this.#lastAppend > STREAK_PAUSE) this.#lastCheck = now;
    this.#lastAppend = now;
    if (now - this.#lastCheck < CHECK_OTHERS) return false;
    this.#lastCheck = now;
    this.#contendedUntil = now + CHECK_OTHERS;
    return true;
  }

  /** Records that another instance changed the head before our append. */
  recordLoss(): void {
    this.forget();
    this.#lostRaces++;
    this.#contendedUntil = this.#timing.now() + CONTENTION;
  }

  /** Makes the next append read the head. */
  forget(): void {
    this.#known = undefined;
  }

  /** Removes our row, if there is one, from the waiting instances. */
  async leave(): Promise<void> {
    if (!this.#isWaiting) return;
    const { table, partitionKey } = this.#store;
    await removeRow(table, partitionKey, waitingKey(this.instance)).catch(() => false);
    this.#isWaiting = false;
  }

  /** Reads the head, and the waiting instances when there may be some. */
  async #read(signal: AbortSignal): Promise<KnownHead> {
    const { now } = this.#timing;
    // After two lost races, this instance waits for a turn: the other one does not stop by itself.
    if (this.#lostRaces > 1) await this.#join(signal);
    const isContended = this.#isWaiting || now() < this.#contendedUntil;
    const known = isContended
      ? await readHeadAndWaiting(this.#store, { signal })
      : { head: await readHead(this.#store, { signal }), waiting: [] };
    this.#isWaiting = known.waiting.includes(this.instance);
    if (known.waiting.length > 0) this.#contendedUntil = now() + CONTENTION;
    if (known.head.etag !== this.#seen.etag) this.#seen = { etag: known.head.etag, at: now() };
    return known;
  }

  /** Adds our row to the waiting instances. */
  async #join(signal: AbortSignal): Promise<void> {
    if (this.#isWaiting) return;
    const { table, partitionKey } = this.#store;
    await putRow(table, { partitionKey, rowKey: waitingKey(this.instance) }, { signal });
    this.#isWaiting = true;
  }
}
