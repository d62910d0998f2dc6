import { UpstreamFailed } from "../core/errors.ts";
import { MINUTE } from "../core/time.ts";

/**
 * A list in the account that is read page by page while it changes. Its paging and its way to find changes are private
 * to the source; a position is JSON, so that a later run can go on from it.
 */
export type Source<Item, Position> = {
  /** Begins a reading. */
  begin(start: Start): Position;
  /**
   * Reads a page, by one call.
   *
   * @throws TooManyRequests, and every other error of the call: the run fails by it
   */
  read(position: Position): Promise<ItemPage<Item, Position>>;
  facts(item: Item): ItemFacts;
};

/** The facts of an item of any kind. Times are milliseconds since the epoch, by the account's clock. */
export type ItemFacts = { id: string; changedAt?: number; createdAt?: number };

export type Start = {
  /** Read what changed since; everything when absent. */
  since?: Checkpoint;
  /** Milliseconds since the epoch. */
  now: number;
  /** How many items are stored and not gone: an empty list is strange when there are some. */
  live: number;
  /** What a reading before has learned, see {@link ItemPage}. */
  memory?: unknown;
};

export type ItemPage<Item, Position> = {
  /** Where to go on. */
  position: Position;
  /** Absent when the answer is of no use and the source has to ask again. */
  items?: readonly Item[];
  /** Ids of the items that do not fit their schema. */
  odd?: readonly string[];
  /** How many items have no id, and are left out. */
  withoutId?: number;
  /** How many pages the reading has come to, of how many the list has. */
  progress: { page: number; pages: number };
  /** Everything that changes later than this is for the next reading; absent until that is known. */
  checkpoint?: Checkpoint;
  /** What readings to come are to know of this source. */
  memory?: unknown;
  /** Present when the reading is complete. */
  end?: ReadingEnd;
};

/** An answer that contradicts itself or what is known, again and again. The reading begins anew with the next run. */
export class UnusablePage extends UpstreamFailed {}

/** What a complete reading says beside its items. */
export type ReadingEnd = {
  /** How many items the account counts; absent where it does not say so. */
  total?: number;
  /** Empty for a reading that surely missed no item. */
  doubts: Doubts;
};

/** The values of `changedAt` of which an item may have been missed. */
export type Doubts = readonly number[] | "all";

/** Milliseconds by which the account's clock and ours may differ, amply. What is later has not happened yet. */
export const CLOCK_DIFFERENCE = 10 * MINUTE;

/** Up to where the account's changes are stored. */
export type Checkpoint = {
  /** Milliseconds since the epoch, by the account's clock. Everything that changed before is stored. */
  key: number;
  /** Whether everything that changed at `key` itself is stored too, since that time is over. */
  closed: boolean;
};
