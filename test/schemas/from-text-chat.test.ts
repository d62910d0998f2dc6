import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { fromTextChat } from "../../shared/schemas/from-text-chat.ts";
import { StoredTextChat } from "../../shared/schemas/text-chat.ts";
import { WebhookChatResponse } from "../../shared/schemas/webhook.ts";

const CUSTOMER = "b7eff798-f8df-4364-8059-649c35c9ed0c";
const AGENT = "smith@example.com";

/** A chat with every field of LiveChat's reference. */
const chat = (thread: Record<string, unknown> = {}, users?: unknown[]) => ({
  id: "PJ0MRSHTDG",
  users: users ?? [
    {
      ...{ id: CUSTOMER, type: "customer", name: "Thomas Anderson", email: "t.anderson@example.com" },
      ...{ present: true, created_at: "2026-10-11T15:19:21.010200Z", session_fields: [{ plan: "gold" }] },
      statistics: { chats_count: 1, threads_count: 3, visits_count: 5, tickets_count: 0 },
      visit: {
        ...{ started_at: "2026-10-12T15:19:21.010200Z", referrer: "https://search.example/" },
        ...{ ip: "192.0.2.7", user_agent: "Mozilla/5.0" },
        geolocation: {
          ...{ country: "Poland", country_code: "PL", region: "Dolnoslaskie", city: "Wroclaw" },
          timezone: "Europe/Warsaw",
        },
        last_pages: [
          { opened_at: "2026-10-12T15:20:21.010200Z", url: "https://shop.example/cart", title: "Cart" },
          { opened_at: "2026-10-12T15:19:21.010200Z", url: "https://shop.example/", title: "Shop" },
        ],
      },
    },
    {
      ...{ id: AGENT, type: "agent", name: "Agent Smith", email: AGENT, present: true },
      ...{ avatar: "https://cdn.example/a.jpg", visibility: "all" },
    },
    { id: "boss@example.com", type: "agent", name: "The Boss", visibility: "agents" },
    { id: "gone@example.com", type: "agent", name: "Not in this thread", visibility: "all" },
  ],
  thread: {
    id: "K600PKZON8",
    active: false,
    user_ids: [CUSTOMER, AGENT, "boss@example.com"],
    created_at: "2026-10-12T15:19:30.288340Z",
    previous_thread_id: "K600PKZOM8",
    next_thread_id: "K600PKZOO8",
    access: { group_ids: [0, 3] },
    tags: ["sales"],
    summary: { status: "ok", text: "Agent greets.", updated_at: "2026-10-12T15:53:16.125000Z" },
    properties: { rating: { score: 1, comment: "thanks" }, routing: { start_url: "https://shop.example/" } },
    events: [
      {
        id: "5",
        type: "file",
        name: "a.png",
        url: "https://cdn.example/f.png",
        ...by(AGENT, "15:19:33.000002"),
      },
      {
        ...{
          id: "1",
          type: "filled_form",
          form_id: "1",
          form_type: "prechat",
          ...by(CUSTOMER, "15:19:30.219001"),
        },
        fields: [
          { id: "11", type: "name", label: "Name:", answer: "Thomas Anderson" },
          { id: "12", type: "select", label: "Country:", answer: { id: "1", label: "Poland" } },
          {
            ...{ id: "13", type: "checkbox", label: "Topics" },
            answers: [
              { id: "0", label: "Orders" },
              { id: "1", label: "Invoices" },
            ],
          },
        ],
      },
      { id: "3", type: "message", text: "My order?", ...by(CUSTOMER, "15:19:31.000002") },
      { id: "2", type: "message", text: "Hello.", ...by(AGENT, "15:19:31.000001") },
      {
        id: "4",
        type: "message",
        text: "psst",
        ...by("boss@example.com", "15:19:32.0"),
        visibility: "agents",
      },
      { id: "6", type: "message", text: "was deleted", deleted: true, ...by(AGENT, "15:19:34.0") },
      {
        ...{ id: "7", type: "rich_message", template_id: "cards", ...by(AGENT, "15:19:35.0") },
        elements: [{ title: "Lamp" }, { title: "Table", subtitle: "of oak" }],
      },
      { id: "8", type: "something_new", ...by(AGENT, "15:19:36.0") },
      {
        ...{ id: "9", type: "system_message", system_message_type: "manual_archived_customer" },
        ...{ text: "Thomas Anderson closed the chat", created_at: "2026-10-12T15:52:01.000000Z" },
      },
      {
        ...{ id: "10", type: "system_message", system_message_type: "rating.chat_rated", text: "Rated" },
        created_at: "2026-10-12T15:52:09.000000Z",
      },
    ],
    ...thread,
  },
  properties: {},
  access: { group_ids: [0] },
});

function by(author_id: string, clock: string) {
  return { author_id, created_at: `2026-10-12T${clock}Z`, visibility: "all" };
}

const read = (stored: unknown) => v.parse(WebhookChatResponse, fromTextChat(v.parse(StoredTextChat, stored)));

const ended = (more: Record<string, unknown> = {}) => ({
  action: "chat_deactivated",
  organization_id: "390e44e6",
  payload: { chat_id: "PJ0MRSHTDG", thread_id: "K600PKZON8", user_id: AGENT },
  ...more,
});
const started = (of: unknown) => ({
  action: "incoming_chat",
  organization_id: "390e44e6",
  payload: { chat: of },
});

describe("an end with its transcript", () => {
  const payload = read(ended({ chat: chat() }));

  test("an end has every field of WebhookChatResponse that the Text platform sends", () => {
    expect(payload).toMatchObject({
      event_type: "chat_ended",
      event_unique_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      lc_version: "3.6",
      organization_id: "390e44e6",
      chat: {
        id: "K600PKZON8",
        text_chat_id: "PJ0MRSHTDG",
        url: "https://shop.example/",
        started_timestamp: "2026-10-12T15:19:30.288Z",
        ended_timestamp: "2026-10-12T15:52:01.000Z",
        groups: [0, 3],
        tags: ["sales"],
        agents: [{ login: AGENT, name: "Agent Smith" }],
      },
      visitor: {
        id: CUSTOMER,
        name: "Thomas Anderson",
        email: "t.anderson@example.com",
        page_current: "https://shop.example/cart",
        country: "Poland",
        city: "Wroclaw",
        timezone: "Europe/Warsaw",
        ip: "192.0.2.7",
        custom_variables: [{ key: "plan", value: "gold" }],
      },
    });
    expect(payload.license_id).toBeUndefined();
    expect(payload.visitor?.language).toBeUndefined();
  });

  test("an end has Text's rating, summary, geolocation, fields and other threads", () => {
    expect(payload).toMatchObject({
      chat: {
        rating: { score: 1, comment: "thanks" },
        summary: { text: "Agent greets." },
        previous_thread_id: "K600PKZOM8",
        next_thread_id: "K600PKZOO8",
      },
      visitor: {
        geolocation: { country_code: "PL" },
        session_fields: [{ plan: "gold" }],
        statistics: { chats_count: 1 },
      },
    });
  });

  test("an end has all messages that were not deleted, in order to the microsecond", () => {
    expect(payload.chat.messages).toEqual([
      message("Hello.", "agent", "15:19:31.000Z", { agent_id: AGENT, author_name: "Agent Smith" }),
      message("My order?", "visitor", "15:19:31.000Z", { author_name: "Thomas Anderson" }),
      message("psst", "supervisor", "15:19:32.000Z", {
        agent_id: "boss@example.com",
        author_name: "The Boss",
      }),
      message("https://cdn.example/f.png", "agent", "15:19:33.000Z", {
        ...{ agent_id: AGENT, author_name: "Agent Smith", type: "file" },
      }),
      message("[Lamp, Table]", "agent", "15:19:35.000Z", {
        ...{ agent_id: AGENT, author_name: "Agent Smith", type: "rich_message" },
      }),
    ]);
  });

  test("system messages become events, with the type closed for the end of the thread", () => {
    expect(payload.chat.events).toEqual([
      {
        text: "Thomas Anderson closed the chat",
        timestamp: "2026-10-12T15:52:01.000Z",
        type: "closed",
        user_type: "visitor",
        system_message_type: "manual_archived_customer",
      },
      {
        text: "Rated",
        timestamp: "2026-10-12T15:52:09.000Z",
        type: "rating.chat_rated",
        system_message_type: "rating.chat_rated",
      },
    ]);
  });

  test("the form before the chat becomes pre_chat_survey", () => {
    expect(payload.pre_chat_survey).toEqual([
      { id: "11", type: "name", label: "Name:", answer: "Thomas Anderson" },
      { id: "12", type: "select", label: "Country:", answer: "Poland" },
      {
        ...{ id: "13", type: "checkbox", label: "Topics", answer: "Orders, Invoices" },
        answers: [
          { label: "Orders", chosen: true },
          { label: "Invoices", chosen: true },
        ],
      },
    ]);
  });
});

function message(text: string, user_type: string, clock: string, more: Record<string, unknown>) {
  return { text, user_type, timestamp: `2026-10-12T${clock}`, ...more };
}

test("an end without a closing message has the time of its last event or receipt", () => {
  const received_at = "2026-10-12T16:00:00.000Z";
  const events = [{ type: "message", text: "Bye", ...by(AGENT, "15:40:00.5") }];
  const endOf = (thread: Record<string, unknown>) =>
    read(ended({ chat: chat(thread), received_at })).chat.ended_timestamp;
  expect(endOf({ events })).toBe("2026-10-12T15:40:00.500Z");
  expect(endOf({ events: [] })).toBe(received_at);
  expect(endOf({ events: undefined, restricted_access: "old" })).toBe(received_at);
});

test.each([
  ["manual_archived_agent", "closed", "agent"],
  ["routing.archived_inactive", "closed", undefined],
  ["archived_customer_disconnected", "closed", "visitor"],
  ["customer_banned", "closed", "visitor"],
  ["system_archived", "closed", undefined],
  ["transferred_agent", "transferred_agent", "agent"],
])(
  "a system message %s becomes an event of the type %s and the user type %s",
  (system_message_type, type, user_type) => {
    const events = [{ type: "system_message", system_message_type, ...by("x", "15:40:00.5") }];
    const [event] = read(ended({ chat: chat({ events }) })).chat.events ?? [];
    expect([event?.type, event?.user_type]).toEqual([type, user_type]);
  },
);

test.each(["custom", "constructor", "toString", "__proto__"])(
  "an event of the type %s does not become a message",
  (type) => {
    const events = [{ type, text: "Not said", ...by(AGENT, "15:40:00.5") }];
    expect(read(ended({ chat: chat({ events }) })).chat.messages ?? []).toEqual([]);
  },
);

test("an end without a chat has the reason in missing_transcript", () => {
  expect(read(ended({ missing_transcript: "anonymized", received_at: "2026-10-12T16:00:00.000Z" }))).toEqual({
    event_type: "chat_ended",
    event_unique_id: expect.any(String),
    lc_version: "3.6",
    organization_id: "390e44e6",
    chat: {
      ...{ id: "K600PKZON8", text_chat_id: "PJ0MRSHTDG" },
      ...{ ended_timestamp: "2026-10-12T16:00:00.000Z", missing_transcript: "anonymized" },
    },
  });
});

test("a start has the chat id of its thread's end, but no ended_timestamp", () => {
  const payload = read(started(chat({ active: true })));
  expect(payload).toMatchObject({ event_type: "chat_started", chat: { id: "K600PKZON8" } });
  expect(payload.chat).not.toHaveProperty("ended_timestamp");
  expect(read(started(chat())).event_unique_id).toBe(payload.event_unique_id);
  expect(read(ended({ chat: chat() })).event_unique_id).not.toBe(payload.event_unique_id);
});

test("a customer without a visit gets the visit of the archive's thread", () => {
  const users = [{ id: "C", type: "customer", present: true }];
  const customer_visit = { ip: "192.0.2.9", geolocation: { country: "Norway" } };
  const { visitor, pre_chat_survey } = read(started(chat({ customer_visit, events: [] }, users)));
  expect(visitor).toMatchObject({ id: "C", country: "Norway", ip: "192.0.2.9" });
  expect(visitor?.email).toBeUndefined();
  expect(pre_chat_survey).toBeUndefined();
});

test("a chat loses only its odd parts", () => {
  const odd = {
    id: "C",
    users: [null, 7, { type: "customer" }, { id: "A", type: "agent", name: 5, visit: "none" }],
    thread: {
      ...{
        id: "T",
        user_ids: "A",
        created_at: "some day",
        access: null,
        tags: [null, "fine"],
        properties: [],
      },
      events: [null, { text: "no type" }, { type: "message", text: "fine", created_at: 5, author_id: "A" }],
    },
  };
  expect(read(started(odd)).chat).toMatchObject({
    id: "T",
    agents: [{ login: "A", name: "5" }],
    tags: ["fine"],
    messages: [{ text: "fine", user_type: "agent" }],
  });
  expect(read(started({ id: "C", thread: { id: "T" } })).chat).toMatchObject({ id: "T", messages: [] });
});

test("a chat without an id or without a thread's id is refused", () => {
  expect(v.is(StoredTextChat, started({ id: "C", thread: {} }))).toBe(false);
  expect(v.is(StoredTextChat, started({ thread: { id: "T" } }))).toBe(false);
});
