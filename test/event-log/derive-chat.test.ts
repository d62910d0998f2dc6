import * as v from "valibot";
import { expect, test } from "vitest";
import { deriveChat } from "../../shared/event-log/derive-chat.ts";
import type { LogEvent, NewEvent, StoredEvent } from "../../shared/event-log/types.ts";
import { WebhookChatResponse } from "../../shared/schemas/webhook.ts";
import { at, ended, started } from "./deliveries.ts";

const messages = (count: number) => Array.from({ length: count }, (_, index) => ({ text: `m${index}` }));
const survey = { pre_chat_survey: [{ id: "s", label: "Why?", answer: "because" }] };
const visitor = (name: string) => ({ visitor: { name, email: "ana@example.com" } });

/** An end without a time: only the number of its messages decides its order. */
const timeless = (count: number): NewEvent => ({
  ...ended({ more: { ended_timestamp: undefined, messages: messages(count) } }),
  occurredAt: undefined,
});

const events = [
  started({ minute: 0, more: { tags: [] }, envelope: { ...survey, ...visitor("A.") } }),
  ended({ minute: 5, more: { messages: messages(2) } }),
  ended({ minute: 9, more: { messages: messages(5), tags: ["sale"] }, envelope: visitor("Ana") }),
  timeless(1),
  timeless(3),
].map((event, index) => stored(event, `e${index}`));

function stored({ type, origin, subjectId, raw }: NewEvent, id: string): StoredEvent {
  const payload = v.parse(WebhookChatResponse, JSON.parse(raw));
  return { id, seq: 0, type, origin, occurredAt: at(0), receivedAt: at(0), chatId: subjectId, payload };
}

function* ordersOf<Item>(items: readonly Item[]): Generator<Item[]> {
  if (items.length === 0) yield [];
  for (const [index, item] of items.entries()) {
    for (const rest of ordersOf(items.toSpliced(index, 1))) yield [item, ...rest];
  }
}

test("five events in any of their 120 orders give the same chat", () => {
  const { events: _, ...expected } = deriveChat("C1", events);
  const orders = [...ordersOf(events)];
  expect(orders).toHaveLength(120);
  for (const order of orders) {
    const { events: given, ...chat } = deriveChat("C1", order);
    expect(chat).toEqual(expected);
    expect(given).toEqual(order);
  }
});

test("a chat has the fields of its last end, completed from earlier events", () => {
  expect(deriveChat("C1", events)).toMatchObject({
    state: "ended",
    payload: {
      event_type: "chat_ended",
      ...survey,
      ...visitor("Ana"),
      chat: { started_timestamp: at(0), ended_timestamp: at(9), tags: ["sale"], messages: messages(5) },
    },
  });
});

test("of two ends without a time, the end with more messages is the last", () => {
  const [, , , one, three] = events;
  expect(
    deriveChat(
      "C1",
      [three, one].filter((event) => event !== undefined),
    ).payload?.chat.messages,
  ).toEqual(messages(3));
});

test("a chat without readable events is erased", () => {
  const gone: LogEvent[] = events.map(({ payload: _, ...event }) => ({
    ...event,
    erased: true,
    erasedAt: at(1),
  }));
  expect(deriveChat("C1", gone)).toEqual({ chatId: "C1", state: "erased", events: gone });
});

test("a chat does not have the content of another licence's events", () => {
  const [start] = events.map((event) => ({ ...event, payload: { ...event.payload, license_id: "1" } }));
  const other = { ...events[2], payload: { ...events[2]?.payload, license_id: "2" } } as StoredEvent;
  expect(deriveChat("C1", start ? [start, other] : [])).toMatchObject({ state: "started" });
});
