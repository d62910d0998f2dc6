import fc from "fast-check";
import { expect, test } from "vitest";
import type { FoundTickets } from "../../shared/livechat/live-chat.ts";
import { findTickets, TICKETS_PER_PAGE } from "../../shared/livechat/v2/find-tickets.ts";

const tickets = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `T${index}` }));

function upstream(list: () => { id: string }[]) {
  return async (page: number) => {
    const all = list();
    const rows = all.slice((page - 1) * TICKETS_PER_PAGE, page * TICKETS_PER_PAGE);
    return { total: all.length, pages: Math.ceil(all.length / TICKETS_PER_PAGE), tickets: rows };
  };
}

test("the pages after next contain each ticket once, in order, with any limit", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(300), fc.integer({ min: 1, max: 120 }), async (count, limit) => {
      const seen: string[] = [];
      const read = upstream(() => tickets(count));
      for (let at: FoundTickets["next"] = { page: 1, skip: 0 }; at; ) {
        const found = await findTickets(read, { page: 1, skip: 0, ...at, limit });
        expect(found.tickets.length).toBeLessThanOrEqual(limit);
        if (found.next) expect(found.tickets).toHaveLength(limit);
        expect(found.total).toBe(count);
        seen.push(...found.tickets.map(({ id }) => id));
        at = found.next;
      }
      expect(seen).toEqual(tickets(count).map(({ id }) => id));
    }),
  );
});

test("a cursor of HelpDesk's list is refused, because v2 has only pages", async () => {
  const found = findTickets(
    upstream(() => tickets(1)),
    { page: 1, skip: 0, limit: 25, cursor: "W10" },
  );
  await expect(found).rejects.toMatchObject({
    problems: [{ path: "cursor", message: "cursor is for tickets of HelpDesk only. Use page and skip." }],
  });
});

test("a ticket that moves to the next page during a reading is returned once", async () => {
  let list = tickets(60);
  let calls = 0;
  const read = upstream(() => list);
  const found = await findTickets(
    async (page) => {
      // A ticket is created after the first page, so the last ticket of that page becomes the first of the next.
      if (++calls === 2) list = [{ id: "new" }, ...list];
      return await read(page);
    },
    { page: 1, skip: 0, limit: 60 },
  );
  const ids = found.tickets.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(tickets(60).map(({ id }) => id));
});

test("a page after the last one has no tickets and no next", async () => {
  expect(
    await findTickets(
      upstream(() => tickets(30)),
      { page: 9, skip: 0, limit: 25 },
    ),
  ).toEqual({
    tickets: [],
    total: 30,
    pages: 2,
  });
});
