import type { Lease, LeaseOptions } from "../storage/lease.ts";

/** What is stored of an account, for one run at a time to change. */
export type Sink<Item> = {
  /** @throws Conflict when another run is at work, with its holder and since when */
  lock(options: LeaseOptions): Promise<Lease>;
  /** Only for the holder of the lock; two writers notice each other by the `Conflict` that the second to commit gets. */
  write<State>(): Promise<Writer<Item, State>>;
  /** The state that the last commit left. One point read. */
  state<State>(): Promise<State | undefined>;
  /** The notes whose names start like this, in the order of the names. */
  notes<Note>(prefix: string): AsyncIterable<Note>;
};

/**
 * Changes the stored items, and in the same transactions the run's state beside them: work that the state records is
 * done, at any moment that the process may end.
 */
export type Writer<Item, State> = {
  /** As it was last committed, by this writer or before it. */
  readonly state: State | undefined;
  /** How many items are stored and not marked as deleted. */
  readonly live: number;
  /** Compares with what is stored by the last commit. An item that is marked as deleted is never the same. */
  compare(items: readonly Item[]): Promise<Compared<Item>[]>;
  /**
   * Does all of it, in one transaction when it fits: else in several, of which the last brings the new state.
   *
   * @throws Conflict when another writer has committed since this one was opened: nothing of this part was done.
   */
  commit(commit: Commit<Item, State>): Promise<void>;
  /** All items that are stored and not marked as deleted. */
  liveItems(): AsyncIterable<LiveItem>;
};

/** An item as the account has it, beside what is stored of it. */
export type Compared<Item> = { item: Item; is: "new" | "changed" | "deleted" | "same" };

/** An item that is stored and not marked as deleted. */
export type LiveItem = {
  row: string;
  /** `hashed` of its id. */
  hash: string;
  /** When it was last changed, in milliseconds since the epoch. */
  changedAt: number;
};

type Commit<Item, State> = {
  /** The writer's state from here on. */
  state: State;
  /** Items to be stored as they are given. */
  put?: readonly Compared<Item>[];
  /** Items to be marked as deleted at this ISO time. */
  remove?: { items: readonly LiveItem[]; at: string };
  /** Further values to be kept under a name, each in the place of what was kept under it. */
  notes?: Readonly<Record<string, unknown>>;
};
