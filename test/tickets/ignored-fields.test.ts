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
    "are none when the ticket shows every field",
    { subject: "Old", tag: ["b"], message: "Hello", requester: { mail: "vera@example.com" } },
    [],
  ],
  ["have the whole field when the ticket lacks it", { assignee: { id: "ana@example.com" } }, ["assignee"]],
  [
    "have only the missing part of a field",
    { requester: { mail: "vera@example.com", name: "Other" } },
    ["requester.name"],
  ],
  [
    "have the whole field when all its parts are missing",
    { source: { type: "chat-window", url: "https://a.example" } } as const,
    ["source"],
  ],
  ["have no tag that is shown in another case", { tag: ["A", "b"] }, []],
  ["have the tags when one tag is missing", { tag: ["a", "c"] }, ["tag"]],
  ["have a message that was not added", { message: "Bye", subject: "New" }, ["message", "subject"]],
  ["have no field that was not requested", { subject: undefined }, []],
])("the ignored fields %s", (_, asked, expected) => expect(ignoredFields(asked, ticket)).toEqual(expected));
