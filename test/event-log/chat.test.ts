import { expect, test } from "vitest";
import type { NewEvent } from "../../shared/event-log/types.ts";
import { at, ended, newLog, started } from "./deliveries.ts";

const messages = (count: number) => Array.from({ length: count }, (_, index) => ({ text: `m${index}` }));
const survey = { pre_chat_survey: [{ id: "s", label: "Why?", answer: "because" }] };
const visitor = (name: string) => ({ visitor: { name, email: "ana@example.com" } });

const START = started({ minute: 0, more: { tags: [] }, envelope: { ...survey, ...visitor("A.") } });
const END = ended({ minute: 5, more: { messages: messages(2) } });
const RICHER_END = ended({
  minute: 9,
  more: { messages: messages(5), tags: ["sale"] },
  envelope: visitor("Ana"),
});
async function chatAfter(events: NewEvent[]) {
  const log = newLog();
  for (const event of events) await log.append(event);
  return log.chat("C1");
}

test("a chat has the fields of its last event, completed from earlier events", async () => {
  const chat = await chatAfter([START, END, RICHER_END]);
  expect(chat).toMatchObject({
    chatId: "C1",
    state: "ended",
    payload: {
      event_type: "chat_ended",
      ...survey,
      ...visitor("Ana"),
      chat: { started_timestamp: at(0), ended_timestamp: at(9), tags: ["sale"], messages: messages(5) },
    },
  });
  expect(chat?.events).toHaveLength(3);
});

test("a chat with a start and no end is started", async () => {
  expect(await chatAfter([START])).toMatchObject({
    state: "started",
    payload: { event_type: "chat_started" },
  });
});

test("a chat has only its own events", async () => {
  const log = newLog();
  await log.append(started({ id: "C1" }));
  await log.append(started({ id: "C2" }));
  expect((await log.chat("C2"))?.events).toMatchObject([{ chatId: "C2" }]);
});

test("a payload that does not fit the schema is returned unchanged", async () => {
  const log = newLog();
  const raw = JSON.stringify({ event_type: "chat_started", chat: { id: 7, tags: "none" } });
  const { id } = await log.append({ ...started({ id: "7" }), raw });
  expect(await log.get(id)).toMatchObject({ chatId: "7", payload: { chat: { id: 7, tags: "none" } } });
  expect(await log.chat("7")).toMatchObject({ state: "started", payload: { chat: { tags: "none" } } });
});

test("a chat too large for one answer has no content of its earlier large events", async () => {
  const log = newLog();
  const large = { messages: [{ text: "x".repeat(9 * 1024 * 1024) }] };
  await log.append(START);
  await log.append(ended({ minute: 5, more: large }));
  await log.append(ended({ minute: 6, more: large }));
  const last = ended({ minute: 7, more: { tags: ["last"] } });
  await log.append(last);
  const chat = await log.chat("C1");
  expect(chat).toMatchObject({
    state: "ended",
    payload: { chat: { ended_timestamp: at(7), tags: ["last"] } },
  });
  expect(chat?.events.map((event) => "payload" in event || event)).toEqual([
    true,
    expect.objectContaining({ seq: 2, type: "chat_ended", omitted: true }),
    true,
    true,
  ]);
});
