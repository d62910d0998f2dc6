import { UpstreamFailed } from "../core/errors.ts";
import { MINUTE } from "../core/time.ts";

/**
 * A list of the account that is read page by page while it changes. Only the source knows the form of its positions.
 * A position is JSON, so a later run can continue from it.
 */
export type Source<Item, Position> = {
  /** Begins a reading. */
  begin(start: Start): Position;
  /**
   * Reads a page with one call.
   *
   * @throws the errors of the call: after TooManyRequests the run waits, and any other error makes the run fail
   */
  read(position: Position): Promise<ItemPage<Item, Position>>;
  facts(item: Item): ItemFacts;
};

/**
 * The facts that the reconciliation needs of an item of any kind. Times are milliseconds since the epoch, by the
 * account's clock.
 */
export type ItemFacts = { id: string; changedAt?: number; createdAt?: number };

type Start = {
  /** The reading returns the items that changed since this checkpoint; all items when it is absent. */
  since?: Checkpoint;
  /** Milliseconds since the epoch. */
  now: number;
  /** How many items are stored and not deleted. When it is not 0, an empty list is suspect. */
  live: number;
  /** The `memory` of an earlier {@link ItemPage}. */
  memory?: unknown;
};

export type ItemPage<Item, Position> = {
  /** The position of the next page. */
  position: Position;
  /** Absent when the answer was unusable and the page must be read again. */
  items?: readonly Item[];
  /** Ids of the items that do not fit their schema. */
  odd?: readonly string[];
  /** How many items have no id. They are left out. */
  withoutId?: number;
  /** How many pages the reading has read, and how many the list has. */
  progress: { page: number; pages: number };
  /** The next reading reads the changes after this checkpoint; absent until it is known. */
  checkpoint?: Checkpoint;
  /** Facts about this source for later readings. */
  memory?: unknown;
  /** Present when the reading is complete. */
  end?: ReadingEnd;
};

/**
 * LiveChat's pages repeatedly contradict themselves or earlier pages. The next run starts the reading from the beginning.
 */
export class UnusablePage extends UpstreamFailed {}

/** The result of a complete reading, besides its items. */
export type ReadingEnd = {
  /** The account's count of items; absent when it has none. */
  total?: number;
  /** Empty when the reading certainly missed no item. */
  doubts: Doubts;
};

/** Values of `changedAt`. Items that changed at these times may have been missed. */
export type Doubts = readonly number[] | "all";

/**
 * The largest difference between the account's clock and ours, in milliseconds. A time further in the future is wrong.
 */
export const CLOCK_DIFFERENCE = 10 * MINUTE;

/** Shows up to which time the account's changes are stored. */
export type Checkpoint = {
  /** Milliseconds since the epoch, by the account's clock. Everything that changed before is stored. */
  key: number;
  /** Whether the changes at `key` itself are stored too: true once that time is over. */
  closed: boolean;
};
