import type { Person } from "./person.ts";

/**
 * A place where data of people is stored. Erasure, search and retention go through the list of places in
 * `functions/people/places.ts`.
 *
 * To add a place: declare it beside the code that writes its data, as in `shared/event-log/people.ts`, add it to the
 * list, and add a row to docs/privacy.md. For a range of rows use `placeOfRows`.
 *
 * Each method is an async generator of steps. A `yield` reports the progress, and the caller may stop there. The next
 * call continues after the position `after`, perhaps in another process. So a step must be short: one window of
 * `scan`, or one item that is erased, found or removed. Every step may run twice.
 */
export type DataPlace = {
  /** The name of the place in answers, cursors and stored progress. It must never change. */
  name: string;
  /** Erases all stored data of a person after the position `after`; the empty text is the beginning. */
  erase(person: Person, after: string): AsyncIterable<Removed>;
  /** Erases all stored data of a chat. Absent when the place has no data of chats. */
  eraseChat?(chatId: string, after: string): AsyncIterable<Removed>;
  /** Finds all items that {@link DataPlace.erase} would erase. */
  search(person: Person, after: string): AsyncIterable<FoundItems>;
  /** Removes items past their retention time. */
  retain(after: string): AsyncIterable<Removed>;
};

/** The place is done up to this position, usually the key of a row. */
type Position = { after: string };

export type Removed = Position & {
  /** The number of items that this step erased or removed. */
  removed: number;
  /** The id of an item that may be another person's: the operator must decide. */
  undecided?: string;
};

type FoundItems = Position & {
  items: readonly object[];
  /** The items may be another person's. */
  undecided?: true;
};
