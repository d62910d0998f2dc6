import * as v from "valibot";
import { describe, expect, it, test } from "vitest";
import { Agent, AgentSummary, NewAgent } from "../../shared/schemas/agent.ts";
import { OneTicket, Ticket, TicketPage } from "../../shared/schemas/ticket.ts";
import { validate } from "../../shared/schemas/validate.ts";
import { WebhookChatResponse, WebhookTicketResponse } from "../../shared/schemas/webhook.ts";

/** The value that a client reads: parsed by the schema, then sent as JSON. */
const read = (schema: v.GenericSchema, value: unknown) => JSON.parse(JSON.stringify(v.parse(schema, value)));

const MOMENT = "2014-08-18T10:05:05.000Z";

/** A ticket as in LiveChat's reference: epoch seconds, group ids. */
const fromReference = {
  id: "5H6CF",
  subject: "Help",
  status: "open",
  requester: { mail: "r@example.com", name: "Rita", ip: "192.0.2.1" },
  assignee: { id: "a@example.com", name: "Ann" },
  source: { type: "lc2", url: "https://example.com", id: "CHAT1" },
  tags: ["vip"],
  groups: [0, 3],
  currentGroup: { id: 3, name: "Sales" },
  events: [
    {
      type: "message",
      date: 1408356305,
      author: { id: "a@example.com", name: "Ann", type: "agent" },
      message: "Hi",
      is_private: true,
    },
    { type: "assignee_changed", date: 1408356305, to: { id: "b@example.com" }, from: null },
    { type: "of the future", strange: { thing: [1] } },
  ],
  date: 1408356305,
  modified: 1408356305,
  opened: [{ from: 1408356305, to: 1408356305 }],
  firstResponse: { date: 1408356305 },
};

/** The same ticket as in Microsoft's connector: ISO times, groups as objects. */
const fromConnector = {
  ...fromReference,
  groups: [{ id: 0 }, { id: 3 }],
  events: fromReference.events.map((event) => ("date" in event ? { ...event, date: MOMENT } : event)),
  date: MOMENT,
  modified: MOMENT,
  opened: [{ from: MOMENT, to: MOMENT }],
  firstResponse: { date: MOMENT },
};

describe("a ticket", () => {
  it("a ticket is read alike in LiveChat's and in the connector's spelling", () => {
    expect(read(Ticket, fromReference)).toEqual({
      ...fromConnector,
      events: fromConnector.events.map((event) => ("from" in event ? { ...event } : event)),
    });
    expect(read(Ticket, fromConnector)).toEqual(read(Ticket, fromReference));
  });

  it("a ticket is read from {…}, {ticket: {…}} and {tickets: [{…}]}", () => {
    for (const answer of [fromReference, { tickets: [fromReference] }, { ticket: fromReference }]) {
      expect(read(OneTicket, answer)).toEqual(read(Ticket, fromReference));
    }
  });

  it("a ticket keeps the values that do not fit the schema", () => {
    const odd = { id: 7, date: "soon", modified: 1_400_000_000, tags: ["sales", null], requester: "Ann" };
    const asItCame = { ...odd, id: "7", modified: "2014-05-13T16:53:20.000Z" };
    for (const answer of [odd, { tickets: [odd] }, { ticket: odd }]) {
      expect(read(OneTicket, answer)).toEqual(asItCame);
    }
    expect(read(TicketPage, { pages: 1, total: 2, tickets: [{ id: "T1" }, odd] })).toEqual({
      ...{ pages: 1, total: 2, tickets: [{ id: "T1" }, asItCame], odd: ["7"], withoutId: 0 },
    });
  });

  it("a page leaves out and counts items without an id", () => {
    const tickets = [{ subject: "Help" }, { id: "T1" }, null, { id: "" }, "T2", { id: null }];
    expect(read(TicketPage, { pages: 1, total: 6, tickets })).toEqual({
      ...{ pages: 1, total: 6, tickets: [{ id: "T1" }], odd: [], withoutId: 5 },
    });
  });

  it.each([null, 7, "T1", [], { tickets: [] }, { tickets: [null] }, { ticket: null }])(
    "the answer %j is refused as a ticket",
    (answer) => {
      expect(v.is(OneTicket, answer)).toBe(false);
    },
  );

  it("a ticket requires only an id", () => {
    expect(read(Ticket, { id: 7 })).toEqual({ id: "7" });
    expect(v.is(Ticket, { subject: "Help" })).toBe(false);
  });

  it("null, {} and [] instead of a field of a ticket are read as nothing", () => {
    const bare = {
      id: "T1",
      subject: null,
      requester: { mail: "r@example.com", name: null },
      assignee: null,
      source: { type: "mail", url: null, id: null },
      tags: null,
      groups: {},
      currentGroup: [],
      firstResponse: [],
      events: [{ type: "message", author: null, source: null, is_private: 0 }],
    };
    expect(read(Ticket, bare)).toEqual({
      id: "T1",
      requester: { mail: "r@example.com" },
      source: { type: "mail" },
      tags: [],
      groups: [],
      currentGroup: {},
      firstResponse: {},
      events: [{ type: "message", is_private: false }],
    });
  });

  it("a ticket keeps unknown fields at every depth", () => {
    const strange = {
      id: "T1",
      new: { field: [null] },
      requester: { new: 1 },
      events: [{ new: 2 }],
      groups: [{ id: 1, new: 3 }],
    };
    expect(read(Ticket, strange)).toEqual(strange);
  });

  it("a page whose counts are text is read", () => {
    const page = { pages: "3", total: 51, tickets: [{ id: "T1" }] };
    expect(read(TicketPage, page)).toMatchObject({ pages: 3, total: 51, tickets: [{ id: "T1" }] });
    expect(v.is(TicketPage, { pages: 1, total: 1 })).toBe(false);
  });
});

describe("an agent", () => {
  it("an agent is read from the list and from the answer to its creation", () => {
    const summary = {
      name: "Ann",
      permission: "owner",
      avatar: null,
      login: "a@example.com",
      status: "offline",
    };
    expect(read(AgentSummary, summary)).toEqual({ ...summary, avatar: undefined });
    const whole = {
      ...summary,
      avatar: "x.png",
      max_chats_count: "6",
      groups: [{ id: "1", name: "All" }],
      last_logout: 0,
    };
    expect(read(Agent, whole)).toEqual({ ...whole, max_chats_count: 6, groups: [{ id: 1, name: "All" }] });
  });
});

test.each([-1, 1.5, "1.5", "many", true])(
  "the chat limit %j of a new agent is refused",
  (max_chats_count) => {
    expect(validate(NewAgent, { login: "nora@example.com", name: "Nora", max_chats_count })).toEqual({
      success: false,
      problems: [
        {
          path: "max_chats_count",
          message: 'max_chats_count must be a whole number, such as 6 or "6".',
        },
      ],
    });
  },
);

test.each([[1.5], ["many"], [true], [{ id: 1.5 }], [{}]])("the group %j of a chat is refused", (group) => {
  expect(validate(WebhookChatResponse, { chat: { id: "CHAT1", groups: [group] } })).toEqual({
    success: false,
    problems: [
      { path: "chat.groups.0", message: "chat.groups.0 must be a group's id, or a group with an id." },
    ],
  });
});

describe("a webhook", () => {
  const chat = {
    id: "CHAT1",
    started_timestamp: 1408356305,
    ended_timestamp: "2014-08-18T10:05:05Z",
    url: "https://example.com",
    messages: [{ user_type: "visitor", author_name: "Rita", text: "Hi", timestamp: 1408356305 }],
    events: [{ type: "closed", timestamp: MOMENT }],
    agents: [{ name: "Ann", login: "a@example.com" }],
    tags: [],
    groups: [0, { id: "3" }],
  };
  const envelope = { event_type: "chat_ended", license_id: 123, lc_version: 2, event_unique_id: "E1" };

  it("a chat's webhook is read with normalised times and checkbox answers", () => {
    const survey = [
      { id: 2001, type: "name", label: "Name", answer: "Rita" },
      {
        id: 2002,
        type: "checkbox",
        label: "Why?",
        answers: [
          { label: "a", chosen: true },
          { label: "b", chosen: "1" },
          { label: "c", chosen: false },
        ],
      },
    ];
    const read1 = read(WebhookChatResponse, {
      ...envelope,
      chat,
      visitor: { id: 7, city: "Ulm" },
      pre_chat_survey: survey,
    });
    expect(read1).toMatchObject({
      license_id: "123",
      lc_version: "2",
      chat: {
        started_timestamp: MOMENT,
        ended_timestamp: MOMENT,
        messages: [{ timestamp: MOMENT }],
        events: [{ timestamp: MOMENT }],
        groups: [0, 3],
      },
      visitor: { id: "7", city: "Ulm" },
      pre_chat_survey: [
        { id: "2001", answer: "Rita" },
        { id: "2002", answer: "a, b" },
      ],
    });
  });

  it.each([[], null, {}, undefined])("a chat's webhook with the survey %j is accepted", (pre_chat_survey) => {
    expect(v.is(WebhookChatResponse, { ...envelope, chat, pre_chat_survey })).toBe(true);
  });

  it("a ticket's webhook without an event id is read", () => {
    const event = { event_type: "ticket_created", license_id: "123", ticket: fromReference };
    expect(read(WebhookTicketResponse, event).ticket).toEqual(read(Ticket, fromReference));
  });

  it("a webhook with the event type of another kind is refused", () => {
    expect(v.is(WebhookChatResponse, { ...envelope, event_type: "ticket_created", chat })).toBe(false);
    expect(v.is(WebhookTicketResponse, { event_type: "chat_ended", ticket: fromReference })).toBe(false);
    expect(v.is(WebhookChatResponse, { ...envelope })).toBe(false);
    expect(v.is(WebhookTicketResponse, { event_type: "ticket_created", ticket: {} })).toBe(false);
  });
});
