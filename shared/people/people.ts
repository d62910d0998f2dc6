import type { TableClient } from "@azure/data-tables";
import * as v from "valibot";
import { InvalidInput } from "../core/errors.ts";
import { fromCursor, toCursor } from "../core/json.ts";
import { DAY, SECOND } from "../core/time.ts";
import type { Erasure as ErasureSchema } from "../schemas/people.ts";
import { hashed, withPrefix } from "../storage/keys.ts";
import { putRow, readRow, removeRow } from "../storage/rows.ts";
import { scanRows } from "../storage/scan.ts";
import { toPerson } from "./person.ts";
import type { DataPlace, Removed } from "./place.ts";

type Erasure = v.InferOutput<typeof ErasureSchema>;
/** An item that may be another person's. */
type Undecided = Erasure["undecided"][number];

export type People = ReturnType<typeof openPeople>;

const PEOPLE = "people";
const ERASURE = "erasure:";
const RETENTION = "retention:";

/**
 * Milliseconds for one call: less than the 230 s after which Azure ends a request, and short enough for a caller to
 * wait.
 */
const CALL_BUDGET = 20 * SECOND;
const MAX_UNDECIDED = 500;
/**
 * Milliseconds between two records of an erasure's progress. After a process was killed, the next one repeats the
 * steps since the last record.
 */
const RECORD_EVERY = SECOND;
/**
 * Milliseconds for which the progress of an unfinished erasure is remembered. After that the erasure starts again,
 * because items before its position may have changed.
 */
const PROGRESS_KEPT_FOR = DAY;

type ProgressRow = {
  place: string;
  after: string;
  /** JSON. */
  undecided: string;
  /** Milliseconds since the epoch. */
  notedAt: number;
};

type PeopleOptions = {
  /** The table that stores the progress of erasures and retention. */
  table: TableClient;
  places: readonly DataPlace[];
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds after which an erasure or a search ends, at its next step. */
  budgetMs?: number;
};

/** Opens all places together. Two calls for one person at the same time do the same work twice, without harm. */
export function openPeople({ table, places, now, budgetMs: callBudget = CALL_BUDGET }: PeopleOptions) {
  /**
   * Runs steps until they end or the time is over. Stores the progress in a row, with the further columns of `more`.
   *
   * @returns false if the time was over first
   */
  async function runSteps<Step extends { after: string }>(
    rowKey: string,
    steps: AsyncIterable<Step>,
    { end, take, more }: { end: number; take: (step: Step) => void; more?: (step: Step) => object },
  ): Promise<boolean> {
    let recordedAt = now();
    for await (const step of steps) {
      take(step);
      const isOver = now() >= end;
      if (isOver || now() - recordedAt >= RECORD_EVERY) {
        recordedAt = now();
        await putRow(table, { partitionKey: PEOPLE, rowKey, after: step.after, ...more?.(step) });
      }
      if (isOver) return false;
    }
    await removeRow(table, PEOPLE, rowKey);
    return true;
  }

  /** The steps in all places, from the position where an earlier call stopped. */
  async function* everywhere<Step extends object>(
    begun: { place: string; after: string } | undefined,
    stepsIn: (place: DataPlace, after: string) => AsyncIterable<Step> | undefined,
  ) {
    const first = places.findIndex(({ name }) => name === begun?.place);
    let after = begun?.after ?? "";
    for (const place of places.slice(Math.max(0, first))) {
      for await (const step of stepsIn(place, after) ?? []) yield { ...step, place: place.name };
      after = "";
    }
  }

  async function eraseEverywhere(
    subject: string,
    eraseIn: (place: DataPlace, after: string) => AsyncIterable<Removed> | undefined,
  ): Promise<Erasure> {
    const end = now() + callBudget;
    const rowKey = ERASURE + subject;
    const kept = await readRow<ProgressRow>(table, PEOPLE, rowKey);
    const begun = kept && kept.notedAt > now() - PROGRESS_KEPT_FOR ? kept : undefined;
    const undecided = new Map<string, Undecided>();
    const decideLater = (item: Undecided) => {
      if (undecided.size < MAX_UNDECIDED) undecided.set(`${item.place} ${item.id}`, item);
    };
    for (const item of JSON.parse(begun?.undecided ?? "[]")) decideLater(item);
    let erased = 0;
    const done = await runSteps(rowKey, everywhere(begun, eraseIn), {
      end,
      take({ place, removed, undecided: id }) {
        erased += removed;
        if (id !== undefined) decideLater({ place, id });
      },
      more: ({ place }) => ({ place, undecided: JSON.stringify([...undecided.values()]), notedAt: now() }),
    });
    return { erased, done, undecided: [...undecided.values()] };
  }

  async function retainPlace({ name: place, retain }: DataPlace, budgetMs: number): Promise<Retention> {
    const end = now() + budgetMs;
    const rowKey = RETENTION + place;
    let removed = 0;
    const take = (step: Removed) => {
      removed += step.removed;
    };
    try {
      const begun = await readRow<{ after: string }>(table, PEOPLE, rowKey);
      const done = await runSteps(rowKey, retain(begun?.after ?? ""), { end, take });
      return { place, removed, done };
    } catch (error) {
      return { place, removed, done: false, error };
    }
  }

  /** Removes the old progress of unfinished erasures, because its rows contain the hash of an address. */
  async function forgetErasures(): Promise<void> {
    const range = { ...withPrefix(ERASURE), select: ["rowKey", "notedAt"] };
    for await (const { rowKey, notedAt } of scanRows<ProgressRow>(table, PEOPLE, range)) {
      if (notedAt <= now() - PROGRESS_KEPT_FOR) await removeRow(table, PEOPLE, rowKey);
    }
  }

  return {
    /**
     * Erases all stored data of the visitor or requester with an address. The progress is stored regularly. When the
     * time is over, the next call for the same address continues.
     *
     * @throws {StorageUnavailable}
     */
    erase(email: string): Promise<Erasure> {
      const person = toPerson(email);
      return eraseEverywhere(person.key, (place, after) => place.erase(person, after));
    },

    /** Erases all stored data of a chat in the same way. */
    eraseChat(chatId: string): Promise<Erasure> {
      const subject = hashed(["chat", chatId]);
      return eraseEverywhere(subject, (place, after) => place.eraseChat?.(chatId, after));
    },

    /**
     * Finds all stored data of a person, until the time is over or the items have `maxBytes` of JSON. The last item
     * may exceed that.
     *
     * @param after `next` of the previous call
     * @returns the items, and the `after` of the next call: `null` at the end
     * @throws {InvalidInput} when `after` is not a `next` of this search
     * @throws {StorageUnavailable}
     */
    async search(
      email: string,
      { after: cursor, maxBytes }: { after?: string; maxBytes: number },
    ): Promise<{ found: FoundItem[]; next: string | null }> {
      const end = now() + callBudget;
      const person = toPerson(email);
      const begun = cursor === undefined ? undefined : readPlace(cursor, places);
      const found: FoundItem[] = [];
      let bytes = 0;
      for await (const step of everywhere(begun, (place, after) => place.search(person, after))) {
        const { place, after, items, undecided } = step;
        for (const item of items) {
          found.push({ place, item, ...(undecided && { undecided }) });
          bytes += Buffer.byteLength(JSON.stringify(item));
        }
        if (now() >= end || bytes >= maxBytes) return { found, next: toCursor([place, after]) };
      }
      return { found, next: null };
    },

    /** Removes items past their retention time. Each place gets an equal share of `budgetMs` (milliseconds). */
    async retain({ budgetMs }: { budgetMs: number }): Promise<Retention[]> {
      const reports: Retention[] = [];
      for (const place of places) reports.push(await retainPlace(place, budgetMs / places.length));
      await forgetErasures();
      return reports;
    },
  };
}

type FoundItem = { place: string; item: object; undecided?: true };

type Retention = {
  place: string;
  removed: number;
  /** False when the time was over first: the next run continues. */
  done: boolean;
  /** The error that stopped this place. The other places continue. */
  error?: unknown;
};

/** @throws {InvalidInput} */
function readPlace(cursor: string, places: readonly DataPlace[]): { place: string; after: string } {
  const names = places.map(({ name }) => name);
  const values = fromCursor(cursor, v.tuple([v.picklist(names), v.string()]));
  if (!values) throw InvalidInput.at("after", "after must be the next of an earlier search, unchanged.");
  return { place: values[0], after: values[1] };
}
