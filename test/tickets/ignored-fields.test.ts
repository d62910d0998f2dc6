import { expect, test } from "vitest";
import { ignoredFields } from "../../shared/tickets/ignored-fields.ts";

const ticket = {
  id: "K9N1S",
  subject: "Old",
  requester: { mail: "Vera@Example.com", name: "Vera" },
  source: { type: "lc2" },
  tags: ["a", "b"],
  events: [{ type: "message", message: "Hello" }],
};

test.each([
  [
    "what shows is not named",
    { subject: "Old", tag: ["b"], message: "Hello", requester: { mail: "vera@example.com" } },
    [],
  ],
  ["a field that is not there at all", { assignee: { id: "ana@example.com" } }, ["assignee"]],
  [
    "a field of which a part shows",
    { requester: { mail: "vera@example.com", name: "Other" } },
    ["requester.name"],
  ],
  [
    "a field of which nothing shows",
    { source: { type: "chat-window", url: "https://a.example" } } as const,
    ["source"],
  ],
  ["tags in another case", { tag: ["A", "b"] }, []],
  ["tags of which one is missing", { tag: ["a", "c"] }, ["tag"]],
  ["a message that was not added", { message: "Bye", subject: "New" }, ["message", "subject"]],
  ["fields that were not asked for", { subject: undefined }, []],
])("%s", (_, asked, expected) => expect(ignoredFields(asked, ticket)).toEqual(expected));
