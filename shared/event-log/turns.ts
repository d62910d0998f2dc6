import { randomUUID } from "node:crypto";
import { Conflict } from "../core/errors.ts";
import { acquireLease, type Lease } from "../storage/lease.ts";
import { TURN } from "./keys.ts";
import type { Store } from "./store.ts";

export type Timing = {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
};

/** Milliseconds for which a turn is kept for an instance that may have died in it: a few commits. */
const TURN_LIMIT = 500;
/** Milliseconds at most between two looks at whether the turn is free: looking is work for storage, too. */
const LOOK_EVERY = 80;
const LOOKS = 100;

/**
 * Lets instances that write at the same time take turns. Without, they would all prepare a transaction for the same
 * place in the log, all but one in vain, and the one that won would win again, since it knows the head already. It is
 * only a courtesy: what keeps the log in order is the head's ETag, and who cannot get a turn tries without.
 */
export function createTurns({ table, partitionKey }: Store, { now, random, wait }: Timing) {
  const holder = randomUUID();

  /** `busy` tells that somebody else had the turn; without a `turn` it did not come in seconds. */
  async function take(): Promise<{ turn?: Lease; busy: boolean }> {
    for (let look = 0; look < LOOKS; look++) {
      try {
        const row = { partitionKey, rowKey: TURN };
        const turn = await acquireLease(table, row, { holder, ttlMs: TURN_LIMIT, now });
        return { turn, busy: look > 0 };
      } catch (error) {
        if (!(error instanceof Conflict)) return { busy: look > 0 };
        await wait(random() * LOOK_EVERY);
      }
    }
    return { busy: true };
  }

  /** Ends a turn, and leaves the others the time to take theirs. */
  async function pass(turn: Lease): Promise<void> {
    await turn.release().catch(() => undefined);
    await wait(LOOK_EVERY);
  }

  return { take, pass };
}
