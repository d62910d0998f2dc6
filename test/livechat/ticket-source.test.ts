import { expect, test } from "vitest";
import type { ReadingEnd } from "../../shared/listing/source.ts";
import { ticketSource } from "../../shared/livechat/v2/ticket-source.ts";

const now = Date.parse("2026-03-10T12:00:00Z");
/** The latest change first. */
const all = Array.from({ length: 120 }, (_, index) => {
  const date = new Date(now - index * 60_000).toISOString();
  return { id: `T${index}`, date, modified: date };
});

/** Reads the whole list, whose first answer has pages of another size than the later ones. */
async function readAll({ first, later }: { first: number; later: number }): Promise<Set<string>> {
  let calls = 0;
  const source = ticketSource(async (page) => {
    const size = calls++ === 0 ? first : later;
    const tickets = all.slice((page - 1) * size, page * size);
    return { total: all.length, pages: Math.ceil(all.length / size), tickets };
  });
  const ids = new Set<string>();
  let position = source.begin({ now, live: 0, memory: first });
  while (calls < 30) {
    const page = await source.read(position);
    for (const { id } of page.items ?? []) ids.add(id);
    if (page.end) return ids;
    position = page.position;
  }
  throw new Error("The reading does not end.");
}

test.each([
  { first: 25, later: 50 },
  { first: 10, later: 25 },
  { first: 50, later: 25 },
])("a reading has each ticket when pages of $first tickets become pages of $later", async (sizes) => {
  expect((await readAll(sizes)).size).toBe(all.length);
});

test("a stored reading that doubts all keys has the fields that the build before reads", async () => {
  let calls = 0;
  const source = ticketSource(async (page) => {
    const tickets = all.slice((page - 1) * 25, page * 25);
    // The count of every second answer is too low, so the walk goes back again and again.
    return { total: all.length - (calls++ % 2), pages: 5, tickets };
  });
  let { position } = await source.read(source.begin({ now, live: 0 }));
  for (let i = 0; i < 7; i++) ({ position } = await source.read(position));
  expect(position.walk).toMatchObject({ doubts: [], doubtsAll: true });
  let end: ReadingEnd | undefined;
  while (!end) ({ position, end } = await source.read(position));
  expect(end.doubts).toBe("all");
});
