import { randomUUID } from "node:crypto";
import { putRow, removeRow } from "../storage/rows.ts";
import { type Head, readHead, readHeadAndWaiting } from "./head.ts";
import { waitingKey } from "./keys.ts";
import type { Store } from "./store.ts";

/**
 * Instances that append at the same time take turns. Without turns, all of them would prepare a transaction for the
 * same place in the log, and only one would succeed. The fastest instance would succeed every time, because it
 * already knows the head.
 *
 * An instance that loses writes a row beside the head. Each append writes the next waiting instance into the head, in
 * the order of their ids and round again. So an instance waits for at most one turn of every other. Turns only make
 * waiting fair: the ETag of the head keeps the log in order.
 */
export type KnownHead = { head: Head; waiting: readonly string[] };

/** The next waiting instance after `instance`, if there is one. */
export function nextTurn(waiting: readonly string[], instance: string): string | undefined {
  const others = waiting.filter((other) => other !== instance).sort();
  return others.find((other) => other > instance) ?? others[0];
}

/** How many turns come before this instance's turn; 0 when it may append now. */
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

/**
 * Milliseconds after a conflict with another instance for which readings of the head also read the waiting instances.
 */
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

/** An instance's place among those that append at the same time: whether it waits, and when it looks for the others. */
export class Line {
  readonly instance = randomUUID();
  readonly #store: Store;
  readonly #timing: Timing;
  #isWaiting = false;
  /** Attempts in a row that another instance won. */
  #outrun = 0;
  #contendedUntil = Number.NEGATIVE_INFINITY;
  /** The version of the head that we read last, and when we first read it. */
  #seen: { etag?: string; at: number } = { at: Number.NEGATIVE_INFINITY };
  #lastAppend = Number.NEGATIVE_INFINITY;
  #lastCheck = Number.NEGATIVE_INFINITY;

  constructor(store: Store, timing: Timing) {
    this.#store = store;
    this.#timing = timing;
  }

  /** Whether our row is among the waiting instances. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Whether, by our own clock, the instance with the turn has died or is paused. */
  get isStuck(): boolean {
    return this.#timing.now() - this.#seen.at > TURN_LIMIT;
  }

  /** Reads the head, and the waiting instances when there may be some. */
  async readHead(signal: AbortSignal): Promise<KnownHead> {
    const { now } = this.#timing;
    // After losing twice, this instance waits for a turn: the other one does not stop by itself.
    if (this.#outrun > 1) await this.#stand(signal);
    const isContended = this.#isWaiting || this.#outrun > 0 || now() < this.#contendedUntil;
    const known = isContended
      ? await readHeadAndWaiting(this.#store, { signal })
      : { head: await readHead(this.#store, { signal }), waiting: [] };
    if (known.waiting.length > 0) this.#contendedUntil = now() + CONTENTION;
    if (known.head.etag !== this.#seen.etag) this.#seen = { etag: known.head.etag, at: now() };
    return known;
  }

  /** Stands in line, and waits for about as long as that many turns take. */
  async wait(turns: number, signal: AbortSignal): Promise<void> {
    const { random, wait } = this.#timing;
    await this.#stand(signal);
    await wait(TURN_POLL * (turns - random() / 2));
  }

  /**
   * Notes an append of ours. Returns whether the head must be read although we know it: an instance that always wins
   * never needs to read it, so it reads it at intervals, to see waiting instances.
   *
   * @param staysInLine whether our row among the waiting instances, if there is one, was left there
   */
  appended({ staysInLine }: { staysInLine: boolean }): boolean {
    const now = this.#timing.now();
    this.#isWaiting &&= staysInLine;
    this.#outrun = 0;
    if (now - this.#lastAppend > STREAK_PAUSE) this.#lastCheck = now;
    this.#lastAppend = now;
    if (now - this.#lastCheck < CHECK_OTHERS) return false;
    this.#lastCheck = now;
    this.#contendedUntil = now + CHECK_OTHERS;
    return true;
  }

  /** Notes that another instance was faster, in a `race` for the head; or that it skipped us: we lost our `place`. */
  lost(what: "race" | "place"): void {
    this.#contendedUntil = this.#timing.now() + CONTENTION;
    if (what === "place") this.#isWaiting = false;
    else this.#outrun++;
  }

  /** Removes our row, if there is one, from the waiting instances. */
  async leave(): Promise<void> {
    if (!this.#isWaiting) return;
    const { table, partitionKey } = this.#store;
    await removeRow(table, partitionKey, waitingKey(this.instance)).catch(() => false);
    this.#isWaiting = false;
  }

  /** Adds our row to the waiting instances. */
  async #stand(signal: AbortSignal): Promise<void> {
    if (this.#isWaiting) return;
    const { table, partitionKey } = this.#store;
    await putRow(table, { partitionKey, rowKey: waitingKey(this.instance) }, { signal });
    this.#isWaiting = true;
  }
}
