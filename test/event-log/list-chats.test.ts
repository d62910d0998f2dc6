import fc from "fast-check";
import { expect, test } from "vitest";
import type { ListedChat, NewEvent } from "../../shared/event-log/types.ts";
import { ended, newLog, newTable, started, ticketCreated } from "./deliveries.ts";

const message = { text: "hello" };

test("a page has each chat once with its latest state, last started first", async () => {
  const log = newLog();
  for (const event of [
    started({ id: "A" }),
    ticketCreated({ id: "A" }),
    started({ id: "B", minute: 1 }),
    ended({ id: "A", more: { messages: [message, message], tags: ["lamp"] } }),
    ended({ id: "C", minute: 9 }),
  ]) {
    await log.append(event);
  }
  const { items, next } = await log.chats();
  expect(next).toBeNull();
  expect(items).toMatchObject([
    { chatId: "C", seq: 5, state: "ended" },
    { chatId: "B", seq: 3, state: "started", messages: 0 },
    { chatId: "A", seq: 1, state: "ended", messages: 2, payload: { chat: { id: "A", tags: ["lamp"] } } },
  ]);
  expect(items[2]?.payload.chat).not.toHaveProperty("messages");
});

test("pages of any size have every chat of the log once, last started first", async () => {
  const log = newLog();
  const firsts = new Map<string, number>();
  for (let index = 0; index < 40; index++) {
    const id = `C${(index * 7) % 13}`;
    const event = [started, ended, ticketCreated][index % 3]?.({ id, minute: index }) as NewEvent;
    const { seq } = await log.append(event);
    if (event.type !== "ticket_created" && !firsts.has(id)) firsts.set(id, seq);
  }
  const expected = [...firsts].sort(([, a], [, b]) => b - a).map(([id]) => id);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 15 }), async (limit) => {
      const items: ListedChat[] = [];
      for (let before: number | null | undefined; before !== null; ) {
        const page = await log.chats({ before, limit });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        items.push(...page.items);
        before = page.next;
      }
      expect(items.map(({ chatId }) => chatId)).toEqual(expected);
    }),
    { numRuns: 6 },
  );
});

test("a chat with few events is read in two requests", async () => {
  const name = newTable().tableName;
  const log = newLog({ table: newTable(name) });
  for (const id of ["A", "B"]) {
    await log.append(started({ id }));
    await log.append(ended({ id }));
  }
  let requests = 0;
  const counted = newTable(name, (send) => {
    requests++;
    return send();
  });
  const chat = await newLog({ table: counted }).chat("A");
  expect(chat?.events).toHaveLength(2);
  expect(requests).toBe(2);
});

test("a chat id of two licences has the content of the first and the events of both", async () => {
  const log = newLog();
  const ofLicence = (licence: string, minute: number, tags: string[]) => ({
    ...ended({ id: "A", minute, more: { tags }, envelope: { license_id: licence } }),
    licence,
  });
  await log.append(ofLicence("1", 1, ["first"]));
  await log.append(ofLicence("2", 2, ["second"]));
  const chat = await log.chat("A");
  expect(chat?.payload?.chat.tags).toEqual(["first"]);
  expect(chat?.events).toHaveLength(2);
});
