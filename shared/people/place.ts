import type { Person } from "./person.ts";

/**
 * A place where data of people is stored. Erasure, search and retention walk the list of them in
 * `functions/people/places.ts`.
 *
 * To add a place: declare it beside the code that writes it, as `shared/event-log/people.ts` does, put it into the
 * list, and give it a row in docs/privacy.md. `place-of-rows.ts` walks a range of rows for it. The work on a place is
 * an async generator that gets on step by step: each `yield` reports its progress, and it may be stopped there, for a
 * minute or for ever. So a step is short: one window of `scan`, or one item that is erased, found or removed. The next
 * call goes on behind `after`, perhaps in another process. Everything may be done twice.
 */
export type DataPlace = {
  /** Names the place in answers, in cursors and in kept progress: never changes. */
  name: string;
  /** Erases all that is stored of a person behind `after`; the empty text is the beginning. */
  erase(person: Person, after: string): AsyncIterable<Removed>;
  /** Erases all that is stored of a chat. Absent where nothing of chats is stored. */
  eraseChat?(chatId: string, after: string): AsyncIterable<Removed>;
  /** Finds all that {@link DataPlace.erase} would erase. */
  search(person: Person, after: string): AsyncIterable<FoundItems>;
  /** Removes items past their time. */
  retain(after: string): AsyncIterable<Removed>;
};

/** Up to where a place is done, in the place's own terms: most often the key of a row. */
type Step = { after: string };

export type Removed = Step & {
  /** Items erased or removed in this step. */
  removed: number;
  /** Id of an item that may be the person's or another one's; the operator has to decide. */
  undecided?: string;
};

type FoundItems = Step & {
  items: readonly object[];
  /** The items may be another person's. */
  undecided?: true;
};
