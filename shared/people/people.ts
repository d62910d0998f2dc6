import type { TableClient } from "@azure/data-tables";
import { InvalidInput } from "../core/errors.ts";
import { DAY } from "../core/time.ts";
import { hashed, after as keysBehind } from "../storage/keys.ts";
import { putRow, readRow, removeRow } from "../storage/rows.ts";
import { scan } from "../storage/scan.ts";
import { toPerson } from "./person.ts";
import type { DataPlace, Erased } from "./place.ts";

/** An item that may be the person's or another's, by the name of its place and its id there. */
export type Undecided = { place: string; id: string };

export type Erasure = {
  /** How many items this call erased. */
  erased: number;
  /** False when time ran out: the same call goes on where this one stopped. */
  done: boolean;
  /** What this erasure left for a person to decide on, at most {@link MAX_UNDECIDED} of them. */
  undecided: Undecided[];
};

export type FoundItem = { place: string; item: object; undecided?: true };

export type Findings = {
  found: FoundItem[];
  /** The `after` to go on from; `null` at the end. */
  next: string | null;
};

export type Retention = {
  place: string;
  removed: number;
  /** False when the next run goes on where this one stopped. */
  done: boolean;
  /** What stopped it; the other places had their turn all the same. */
  error?: unknown;
};

type Bounds = {
  /** Milliseconds after which a call ends at the next step. */
  budgetMs?: number;
};

export type People = {
  /**
   * Erases all that is stored of the visitor or requester with an address. How far it has come is kept as it goes.
   *
   * @throws {StorageUnavailable}
   */
  erase(email: string, bounds?: Bounds): Promise<Erasure>;
  /** The same for a chat. */
  eraseChat(chatId: string, bounds?: Bounds): Promise<Erasure>;
  /**
   * Finds all that is stored of a person, until time or `maxBytes` of JSON run out; the last item aside.
   *
   * @param after `next` of the call before
   * @throws {InvalidInput} when `after` is not a `next` @throws {StorageUnavailable}
   */
  search(email: string, bounds: Bounds & { after?: string; maxBytes: number }): Promise<Findings>;
  /** Gives every place its share of the time to remove what is stored for long enough. */
  retain(bounds: { budgetMs: number }): Promise<Retention[]>;
};

export type PeopleOptions = {
  /** Keeps how far erasures and retention have come. */
  table: TableClient;
  places: readonly DataPlace[];
  /** Milliseconds since the epoch. */
  now: () => number;
};

const PARTITION = "people";
const ERASURE = "erasure:";
const RETENTION = "retention:";

/** Below the 230 s after which Azure cuts a request off, and below the patience of a caller. */
const BUDGET_MS = 20_000;
export const MAX_UNDECIDED = 500;
/** Milliseconds between two notes of how far an erasure is: what a killed process did since, the next one does again. */
const NOTE_EVERY = 1_000;
/** Milliseconds for which an unfinished erasure is remembered. Places may have changed before the point it stopped at. */
const REMEMBERED = DAY;

type ProgressRow = {
  place: string;
  after: string;
  /** JSON. */
  undecided: string;
  /** Milliseconds since the epoch. */
  notedAt: number;
};

/** Opens the places as one. Two calls for the same person do the same work, and neither hurts the other. */
export function openPeople({ table, places, now }: PeopleOptions): People {
  async function eraseEverywhere(
    subject: string,
    walks: { place: string; walk: (after: string) => AsyncIterable<Erased> }[],
    { budgetMs = BUDGET_MS }: Bounds,
  ): Promise<Erasure> {
    const end = now() + budgetMs;
    const rowKey = ERASURE + subject;
    const kept = await readRow<ProgressRow>(table, PARTITION, rowKey);
    const begun = kept && kept.notedAt > now() - REMEMBERED ? kept : undefined;
    const undecided = new Map<string, Undecided>();
    const decideLater = (item: Undecided) => {
      if (undecided.size < MAX_UNDECIDED) undecided.set(`${item.place} ${item.id}`, item);
    };
    for (const item of JSON.parse(begun?.undecided ?? "[]")) decideLater(item);
    const first = Math.max(
      0,
      walks.findIndex(({ place }) => place === begun?.place),
    );
    let after = begun?.after ?? "";
    let noted = now();
    let erased = 0;
    for (const { place, walk } of walks.slice(first)) {
      for await (const step of walk(after)) {
        erased += step.erased;
        if (step.undecided !== undefined) decideLater({ place, id: step.undecided });
        const isOver = now() >= end;
        if (isOver || now() - noted >= NOTE_EVERY) {
          noted = now();
          const all = [...undecided.values()];
          const progress: ProgressRow = {
            place,
            after: step.after,
            undecided: JSON.stringify(all),
            notedAt: noted,
          };
          await putRow(table, { partitionKey: PARTITION, rowKey, ...progress });
        }
        if (isOver) return { erased, done: false, undecided: [...undecided.values()] };
      }
      after = "";
    }
    await removeRow(table, PARTITION, rowKey);
    return { erased, done: true, undecided: [...undecided.values()] };
  }

  async function retainPlace({ name, retain }: DataPlace, budgetMs: number): Promise<Retention> {
    const end = now() + budgetMs;
    const rowKey = RETENTION + name;
    let removed = 0;
    try {
      const begun = await readRow<{ after: string }>(table, PARTITION, rowKey);
      let noted = begun ? Number.NEGATIVE_INFINITY : now();
      for await (const { after, removed: more } of retain(begun?.after ?? "")) {
        removed += more;
        const isOver = now() >= end;
        if (isOver || now() - noted >= NOTE_EVERY) {
          noted = now();
          await putRow(table, { partitionKey: PARTITION, rowKey, after });
        }
        if (isOver) return { place: name, removed, done: false };
      }
      await removeRow(table, PARTITION, rowKey);
      return { place: name, removed, done: true };
    } catch (error) {
      return { place: name, removed, done: false, error };
    }
  }

  /** Erasures that were not finished are forgotten: their rows hold a hash of an address. */
  async function forgetErasures(): Promise<void> {
    const range = { from: ERASURE, before: keysBehind(ERASURE), select: ["rowKey", "notedAt"] };
    for await (const rows of scan<ProgressRow>(table, PARTITION, range)) {
      for (const { rowKey = "", notedAt } of rows) {
        if (notedAt <= now() - REMEMBERED) await removeRow(table, PARTITION, rowKey);
      }
    }
  }

  return {
    erase(email, bounds = {}) {
      const person = toPerson(email);
      const walks = places.map((place) => ({
        place: place.name,
        walk: (after: string) => place.erase(person, after),
      }));
      return eraseEverywhere(person.key, walks, bounds);
    },

    eraseChat(chatId, bounds = {}) {
      const walks = places.flatMap(({ name, eraseChat }) =>
        eraseChat ? [{ place: name, walk: (after: string) => eraseChat(chatId, after) }] : [],
      );
      return eraseEverywhere(hashed(["chat", chatId]), walks, bounds);
    },

    async search(email, { after: cursor, maxBytes, budgetMs = BUDGET_MS }) {
      const end = now() + budgetMs;
      const person = toPerson(email);
      const begun = cursor === undefined ? { place: places[0]?.name, after: "" } : decodePeopleCursor(cursor);
      const first = places.findIndex(({ name }) => name === begun.place);
      if (first < 0) throw unreadable();
      const found: FoundItem[] = [];
      let bytes = 0;
      let after = begun.after;
      for (const place of places.slice(first)) {
        for await (const step of place.search(person, after)) {
          for (const item of step.items) {
            found.push({ place: place.name, item, ...(step.undecided && { undecided: true }) });
            bytes += Buffer.byteLength(JSON.stringify(item));
          }
          if (now() >= end || bytes >= maxBytes) {
            return { found, next: encodePeopleCursor({ place: place.name, after: step.after }) };
          }
        }
        after = "";
      }
      return { found, next: null };
    },

    async retain({ budgetMs }) {
      const reports: Retention[] = [];
      for (const place of places) reports.push(await retainPlace(place, budgetMs / places.length));
      await forgetErasures();
      return reports;
    },
  };
}

type PeopleCursor = { place?: string; after: string };

function encodePeopleCursor({ place, after }: PeopleCursor): string {
  return Buffer.from(JSON.stringify([place, after])).toString("base64url");
}

function decodePeopleCursor(text: string): PeopleCursor {
  try {
    const [place, after] = JSON.parse(Buffer.from(text, "base64url").toString());
    if (typeof place === "string" && typeof after === "string") return { place, after };
  } catch {
    // Answered below like any other text that is not a cursor.
  }
  throw unreadable();
}

function unreadable(): InvalidInput {
  return InvalidInput.at("after", "after must be the next of an earlier search, unchanged.");
}
