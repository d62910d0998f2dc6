import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { Filter as FilterSchema } from "../../shared/schemas/subscription.ts";
import { type Choice, isWanted } from "../../shared/subscriptions/filter.ts";

const chat = {
  type: "chat_ended" as const,
  payload: {
    chat: {
      id: "C1",
      groups: [3, 17],
      agents: [{ login: "Sam@Example.com", name: "Sam" }, { login: "nora@example.com" }],
      tags: ["sales", "VIP"],
    },
  },
};
const ticket = {
  type: "ticket_created" as const,
  payload: {
    ticket: {
      ...{ id: "T1", status: "open", tags: ["billing"], groups: [{ id: 0, name: "All" }] },
      ...{ currentGroup: { id: 5 }, assignee: { id: "sam@example.com" }, source: { type: "mail" } },
    },
  },
};

describe("a filter", () => {
  test.each<[string, NonNullable<Choice["filter"]>, boolean, boolean]>([
    ["that is empty chooses everything", {}, true, true],
    ["by group", { group: ["17"] }, true, false],
    ["by a ticket's group", { group: ["0"] }, false, true],
    ["by a ticket's current group", { group: ["5"] }, false, true],
    ["by any of several groups", { group: ["3", "5"] }, true, true],
    ["by agent, ignoring case", { agent: ["SAM@example.com"] }, true, true],
    ["by tag, letter by letter", { tag: ["vip"] }, false, false],
    ["by tag", { tag: ["VIP", "billing"] }, true, true],
    ["by status, which chats have none of", { status: ["open", "pending"] }, false, true],
    ["by source", { source: ["mail"] }, false, true],
    ["with two keys needs both", { agent: ["sam@example.com"], tag: ["billing"] }, false, true],
    ["with not leaves out what matches", { not: { tag: ["sales"] } }, false, true],
    ["with not needs all of its keys to match", { not: { tag: ["sales"], group: ["99"] } }, true, true],
    ["with a key and not", { agent: ["sam@example.com"], not: { status: ["open"] } }, true, false],
    ["with not in not", { not: { tag: ["sales"], not: { group: ["3"] } } }, true, true],
  ])("%s", (_, filter, wantsChat, wantsTicket) => {
    expect([isWanted(chat, { filter }), isWanted(ticket, { filter })]).toEqual([wantsChat, wantsTicket]);
    expect(v.parse(FilterSchema, filter)).toEqual(filter);
  });

  test("takes types as well", () => {
    expect(isWanted(chat, { types: ["chat_ended"] })).toBe(true);
    expect(isWanted(chat, { types: ["chat_started", "ticket_created"] })).toBe(false);
    expect(isWanted(chat, { types: ["chat_ended"], filter: { tag: ["x"] } })).toBe(false);
  });

  test.each([null, "text", 7, [], { chat: null }, { chat: { groups: "3", agents: [null], tags: [{}] } }])(
    "of an event that does not fit, %j, matches nothing and fails nothing",
    (payload) => {
      expect(isWanted({ type: "chat_ended", payload }, { filter: { group: ["3"] } })).toBe(false);
      expect(isWanted({ type: "chat_ended", payload }, { filter: { not: { group: ["3"] } } })).toBe(true);
    },
  );
});

test("an event without a payload, which was erased, is never wanted", () => {
  expect(isWanted({ type: "chat_ended" }, {})).toBe(false);
  expect(isWanted({ type: "chat_ended" }, { filter: { not: { group: ["3"] } } })).toBe(false);
});

test("groups may be given as numbers", () => {
  expect(v.parse(FilterSchema, { group: [3, "17"] })).toEqual({ group: ["3", "17"] });
});

test.each([
  { group: [] },
  { group: "3" },
  { tag: [""] },
  { tag: [7] },
  { colour: ["red"] },
  { not: {} },
  { not: { not: {} } },
  { not: { not: { not: { tag: ["x"] } } } },
  { status: Array.from({ length: 101 }, () => "open") },
  { tag: ["x".repeat(201)] },
])("%j is no filter", (filter) => {
  expect(v.safeParse(FilterSchema, filter).success).toBe(false);
});
