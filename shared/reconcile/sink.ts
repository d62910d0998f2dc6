import type { Lease, LeaseOptions } from "../storage/lease.ts";
import type { ReconcileState } from "./state.ts";

/** The stored items of an account. Only one run at a time may change them. */
export type Sink<Item> = {
  /** @throws LeaseLost when another run is in progress, with its holder and its start */
  lock(options: LeaseOptions): Promise<Lease>;
  /** Only for the holder of the lock. Of two writers, the second to commit gets a `LeaseLost`. */
  write(): Promise<Writer<Item>>;
  /** The state of the last commit. One point read. */
  state(): Promise<ReconcileState | undefined>;
  /** The notes whose names begin with a prefix, in the order of the names. */
  notes<Note>(prefix: string): AsyncIterable<Note>;
};

/**
 * Changes the stored items, and the run's state in the same transactions. So the stored state never claims work that
 * was not stored.
 */
export type Writer<Item> = {
  /** The state of the last commit, by this writer or an earlier one. */
  readonly state: ReconcileState | undefined;
  /** How many items are stored and not marked as deleted. */
  readonly live: number;
  /**
   * Compares items with the stored ones, as of the last commit. An item that is marked as deleted never counts as the
   * same.
   */
  compare(items: readonly Item[]): Promise<Compared<Item>[]>;
  /**
   * Commits all changes in one transaction if they fit; otherwise in several. The last one stores the new state.
   *
   * @throws LeaseLost when another writer has committed since this one was opened; that transaction changed nothing
   */
  commit(commit: Commit<Item>): Promise<void>;
  /** All items that are stored and not marked as deleted. */
  liveItems(): AsyncIterable<LiveItem>;
};

/** An item of the account, compared with the stored one. `deleted`: the stored one is marked as deleted. */
export type Compared<Item> = { item: Item; result: "new" | "changed" | "deleted" | "same" };

/** An item that is stored and not marked as deleted. */
export type LiveItem = {
  row: string;
  /** The hash of its id, as {@link hashed} makes it. */
  hash: string;
  /** The time of its last change, in milliseconds since the epoch. */
  changedAt: number;
};

type Commit<Item> = {
  /** The new state. */
  state: ReconcileState;
  /** Items to be stored as they are given. */
  put?: readonly Compared<Item>[];
  /** Items to be marked as deleted at this ISO time. */
  remove?: { items: readonly LiveItem[]; at: string };
  /** Further values to store by name; each replaces the earlier value of its name. */
  notes?: Readonly<Record<string, unknown>>;
};
