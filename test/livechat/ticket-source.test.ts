import { expect, test } from "vitest";
import { UnusablePage } from "../../shared/listing/source.ts";
import { ticketSource } from "../../shared/livechat/v2/ticket-source.ts";

const now = Date.parse("2026-03-10T12:00:00Z");
/** The latest change first. */
const all = Array.from({ length: 120 }, (_, index) => {
  const date = new Date(now - index * 60_000).toISOString();
  return { id: `T${index}`, date, modified: date };
});

/** Reads the whole list. A page with an unusable answer is read again. */
async function readAll(sizeOf: (page: number) => number): Promise<string[]> {
  const source = ticketSource(async (page) => {
    const size = sizeOf(page);
    const tickets = all.slice((page - 1) * size, page * size);
    return { total: all.length, pages: Math.ceil(all.length / size), tickets };
  });
  const ids: string[] = [];
  for (let position = source.begin({ now, live: 0 }); ; ) {
    const page = await source.read(position);
    ids.push(...(page.items ?? []).map(({ id }) => id));
    if (page.end) return ids;
    position = page.position;
  }
}

test.each([
  ["larger", 50],
  ["smaller", 10],
])(
  "a reading fails when pages become %s during it, and the next reading has each ticket",
  async (_, size) => {
    const reading = readAll((page) => (page === 1 ? 25 : size));
    await expect(reading).rejects.toThrow(UnusablePage);
    expect(await readAll(() => size)).toEqual(all.map(({ id }) => id));
  },
);
