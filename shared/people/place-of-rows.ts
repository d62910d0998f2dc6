import type { Row } from "../storage/rows.ts";
import type { Person } from "./person.ts";
import type { DataPlace, Removed } from "./place.ts";

/** A row's item about a person or a chat. An uncertain item may be about another one: the operator must decide. */
export type Match<Item> = { item: Item; isUncertain?: boolean };

type Found<Item> = Match<Item> | undefined;

type PlaceOfRows<Columns extends object, Item> = Pick<DataPlace, "name" | "retain"> & {
  /** Reads the rows after a key. */
  rows(after: string): AsyncIterable<Row<Columns>>;
  find(row: Row<Columns>, person: Person): Found<Item> | Promise<Found<Item>>;
  findOfChat?(row: Row<Columns>, chatId: string): Found<Item> | Promise<Found<Item>>;
  /** @returns the number of stored items that were removed, or `false` if the row no longer existed */
  erase(item: Item): number | Promise<number | boolean>;
  show(item: Item): readonly object[] | Promise<readonly object[]>;
  /** The id of an uncertain item, for the operator. */
  idOf?(item: Item): string;
};

/** A place whose items are found by reading its rows in order. Each row is a step. */
export function placeOfRows<Columns extends object, Item>(place: PlaceOfRows<Columns, Item>): DataPlace {
  const { name, rows, find, findOfChat, erase, show, idOf, retain } = place;

  async function* eraseFound(
    after: string,
    findIn: (row: Row<Columns>) => Found<Item> | Promise<Found<Item>>,
  ): AsyncGenerator<Removed> {
    for await (const row of rows(after)) {
      const found = await findIn(row);
      if (found?.isUncertain) yield { after: row.rowKey, removed: 0, undecided: idOf?.(found.item) };
      else yield { after: row.rowKey, removed: found ? Number(await erase(found.item)) : 0 };
    }
  }

  return {
    name,
    retain,
    erase: (person, after) => eraseFound(after, (row) => find(row, person)),
    ...(findOfChat && { eraseChat: (chatId, after) => eraseFound(after, (row) => findOfChat(row, chatId)) }),
    async *search(person, after) {
      for await (const row of rows(after)) {
        const found = await find(row, person);
        const items = found ? await show(found.item) : [];
        yield { after: row.rowKey, items, ...(found?.isUncertain && { undecided: true }) };
      }
    },
  };
}

/** Removes the rows for which `isOver` returns true. Each row is a step. */
export async function* removeWhere<Columns extends object>(
  rows: AsyncIterable<Row<Columns>>,
  isOver: (row: Row<Columns>) => boolean | Promise<boolean>,
  remove: (row: Row<Columns>) => Promise<boolean>,
): AsyncGenerator<Removed> {
  for await (const row of rows) {
    yield { after: row.rowKey, removed: (await isOver(row)) && (await remove(row)) ? 1 : 0 };
  }
}

/** Removes the rows that were received before `instant` (ISO 8601). Without an instant, all rows stay. */
export async function* removeOld<Columns extends { receivedAt: string }>(
  rows: AsyncIterable<Row<Columns>>,
  instant: string | undefined,
  remove: (row: Row<Columns>) => Promise<boolean>,
): AsyncGenerator<Removed> {
  if (instant !== undefined) yield* removeWhere(rows, ({ receivedAt }) => receivedAt < instant, remove);
}
