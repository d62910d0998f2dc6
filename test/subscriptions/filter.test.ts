import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { Filter as FilterSchema } from "../../shared/schemas/filter.ts";
import { type EventChoice, isWanted } from "../../shared/subscriptions/filter.ts";

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
      id: "T1",
      status: "open",
      tags: ["billing"],
      groups: [{ id: 0, name: "All" }],
      currentGroup: { id: 5 },
      assignee: { id: "sam@example.com" },
      source: { type: "mail" },
    },
  },
};

describe("isWanted with a filter", () => {
  test.each<[string, NonNullable<EventChoice["filter"]>, boolean, boolean]>([
    ["that is empty matches every event", {}, true, true],
    ["by group matches a chat in the group", { group: ["17"] }, true, false],
    ["by group matches a ticket in the group", { group: ["0"] }, false, true],
    ["by group matches a ticket's current group", { group: ["5"] }, false, true],
    ["by two groups matches events of either", { group: ["3", "5"] }, true, true],
    ["by agent ignores case", { agent: ["SAM@example.com"] }, true, true],
    ["by tag is case-sensitive", { tag: ["vip"] }, false, false],
    ["by two tags matches events with either", { tag: ["VIP", "billing"] }, true, true],
    ["by status matches tickets only", { status: ["open", "pending"] }, false, true],
    ["by source matches tickets only", { source: ["mail"] }, false, true],
    ["with two keys needs both to match", { agent: ["sam@example.com"], tag: ["billing"] }, false, true],
    ["with `not` excludes matching events", { not: { tag: ["sales"] } }, false, true],
    [
      "with two keys in `not` excludes only events that match both",
      { not: { tag: ["sales"], group: ["99"] } },
      true,
      true,
    ],
    [
      "with a key and `not` matches the events that match the key, but not `not`",
      { agent: ["sam@example.com"], not: { status: ["open"] } },
      true,
      false,
    ],
    [
      "with `not` inside `not` makes an exception",
      { not: { tag: ["sales"], not: { group: ["3"] } } },
      true,
      true,
    ],
  ])("a filter %s", (_, filter, wantsChat, wantsTicket) => {
    expect([isWanted(chat, { filter }), isWanted(ticket, { filter })]).toEqual([wantsChat, wantsTicket]);
    expect(v.parse(FilterSchema, filter)).toEqual(filter);
  });

  test("an event must match both types and filter", () => {
    expect(isWanted(chat, { types: ["chat_ended"] })).toBe(true);
    expect(isWanted(chat, { types: ["chat_started", "ticket_created"] })).toBe(false);
    expect(isWanted(chat, { types: ["chat_ended"], filter: { tag: ["x"] } })).toBe(false);
  });

  test.each([null, "text", 7, [], { chat: null }, { chat: { groups: "3", agents: [null], tags: [{}] } }])(
    "the payload %j matches no key of a filter",
    (payload) => {
      expect(isWanted({ type: "chat_ended", payload }, { filter: { group: ["3"] } })).toBe(false);
      expect(isWanted({ type: "chat_ended", payload }, { filter: { not: { group: ["3"] } } })).toBe(true);
    },
  );
});

test("an event without a payload is never wanted", () => {
  expect(isWanted({ type: "chat_ended" }, {})).toBe(false);
  expect(isWanted({ type: "chat_ended" }, { filter: { not: { group: ["3"] } } })).toBe(false);
});

test("the groups of a filter are accepted as numbers", () => {
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
])("the filter %j is refused", (filter) => {
  expect(v.safeParse(FilterSchema, filter).success).toBe(false);
});
