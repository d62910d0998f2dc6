import type { Standing } from "./standing.ts";
import type { Kept, Subscriptions } from "./store.ts";

/** How far a subscriber has got, as the one who delivers knows it; what is stored may lag behind. */
export type Progress = { cursor: number; standing: Standing };

/**
 * `moved`: an operator replayed or resumed it meanwhile, and the progress is now as they want it. `lost`: it was removed,
 * or somebody else is at it.
 */
export type Outcome = "kept" | "moved" | "lost";

/** A subscription in the hands of one process. */
export type Hold = {
  /** Writes the progress, and takes or renews the hold by that. */
  keep(): Promise<Outcome>;
  /** Writes the progress and lets go. */
  letGo(): Promise<Outcome>;
  /** Whether it has been taken and not let go. */
  isTaken(): boolean;
  /** Milliseconds since the last write. */
  age(): number;
  /** Ends the renewing. */
  end(): Promise<void>;
};

export type HoldOptions = {
  subscriptions: Pick<Subscriptions, "get" | "replace">;
  /** Who holds: one name for a process, which holds a subscription once at a time. */
  holder: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Does something every so many milliseconds, until what it gives is called. */
  every: (milliseconds: number, work: () => void) => () => void;
};

/**
 * Milliseconds for which a subscription is ours without a sign of life: how long its subscriber waits when the process
 * dies.
 */
export const LEASE_MS = 5_000;
/** Milliseconds after which a sign of life is given, while a callback takes its time. */
const RENEW_MS = 1_000;

/**
 * Holds a subscription, or is about to: nothing is written before the first `keep`. Every write goes by the version that
 * was read, so whoever lost the subscription learns of it at the next one. What is written is `progress` as it is then.
 */
export function hold(
  found: Kept,
  progress: Progress,
  { subscriptions, holder, now, every }: HoldOptions,
): Hold {
  let row = found;
  let taken = false;
  let writtenAt = 0;
  let renewing: Promise<void> | undefined;
  let saving = false;

  const leased = (): Kept => {
    const until = new Date(now() + LEASE_MS).toISOString();
    return { ...row, ...progress, lease: { holder, until } };
  };

  async function save(changed: () => Kept): Promise<Outcome> {
    saving = true;
    try {
      await renewing;
      const written = await subscriptions.replace(changed());
      const current = written ?? (await subscriptions.get(row.id));
      if (!current || (!written && current.lease?.holder !== holder)) return "lost";
      if (!written) {
        // To resume leaves the cursor where it was last written; only to replay moves it.
        if (current.cursor !== row.cursor) progress.cursor = current.cursor;
        progress.standing = current.standing;
      }
      row = current;
      taken = row.lease !== undefined;
      writtenAt = now();
      return written ? "kept" : "moved";
    } finally {
      saving = false;
    }
  }

  /** What others changed is for the next `save` to find. */
  function renew(): void {
    if (!taken || saving || renewing || now() - writtenAt < RENEW_MS) return;
    renewing = subscriptions
      .replace(leased())
      .then((written) => {
        if (!written) return;
        row = written;
        writtenAt = now();
      })
      .catch(() => {})
      .finally(() => {
        renewing = undefined;
      });
  }

  const stop = every(RENEW_MS, renew);
  return {
    keep: () => save(leased),
    letGo: () => save(() => ({ ...row, ...progress, lease: undefined })),
    isTaken: () => taken,
    age: () => now() - writtenAt,
    async end() {
      stop();
      await renewing;
    },
  };
}
