import { expect, test } from "vitest";
import type { NewTicket, Ticket } from "../../shared/schemas/ticket.ts";
import { findCreated } from "../../shared/tickets/find-created.ts";

const SINCE = "2026-01-15T12:00:00.500Z";
const asked: NewTicket = { message: "The lamp\nstays dark.", requester: { mail: "Vera@example.com" } };
const ticket = (id: string, more: Partial<Ticket> = {}): Ticket => ({
  id,
  date: "2026-01-15T12:00:01.000Z",
  subject: "(no subject)",
  requester: { mail: "vera@example.com" },
  events: [{ type: "message", message: "The lamp stays dark. " }],
  ...more,
});

function find(
  listed: Ticket[],
  { mine = (_: string): boolean => true, details = {} as Record<string, Ticket> } = {},
) {
  const queries: object[] = [];
  const found = findCreated(asked, SINCE, {
    async find(filters, range) {
      queries.push({ ...filters, ...range });
      return { tickets: listed };
    },
    get: async (id) => details[id] ?? ticket(id),
    claim: async (id) => mine(id),
  });
  return { queries, found };
}

test("findCreated compares requester, subject, message and time without white space", async () => {
  const others = [
    ticket("before", { date: "2026-01-15T11:59:00.000Z" }),
    ticket("another person's", { requester: { mail: "otto@example.com" } }),
    ticket("another subject", { subject: "Lamp" }),
    ticket("another message", { events: [{ message: "The lamp stays dark!" }] }),
    ticket("no message", { events: [] }),
  ];
  const { found, queries } = find([...others, ticket("it")]);
  expect((await found)?.id).toBe("it");
  expect(queries).toEqual([
    { "requester[mail]": "Vera@example.com", date_from: "2026-01-14", page: 1, skip: 0, limit: 500 },
  ]);
  expect(await find(others).found).toBeUndefined();
  expect(await find([]).found).toBeUndefined();
});

test("findCreated finds a ticket when LiveChat's clock is 20 seconds behind", async () => {
  expect((await find([ticket("it", { date: "2026-01-15T11:59:40.000Z" })]).found)?.id).toBe("it");
});

test("findCreated reads a ticket whose events the list leaves out", async () => {
  const listed = ticket("it", { events: undefined });
  expect((await find([listed], { details: { it: ticket("it") } }).found)?.id).toBe("it");
  const other = ticket("it", { events: [{ message: "Other" }] });
  expect(await find([listed], { details: { it: other } }).found).toBeUndefined();
});

test("findCreated skips a ticket that another Idempotency-Key has created", async () => {
  expect((await find([ticket("first"), ticket("second")], { mine: (id) => id === "second" }).found)?.id).toBe(
    "second",
  );
});
