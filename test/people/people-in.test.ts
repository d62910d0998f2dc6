import { expect, test } from "vitest";
import { concerns, concernsChat, peopleIn } from "../../shared/people/people-in.ts";
import { toPerson } from "../../shared/people/person.ts";

const ANN = "ann@example.com";
const ann = toPerson(ANN);

test.each([
  ["a visitor's address", { visitor: { email: " Ann@Example.com ", name: "Ann" } }],
  ["a visitor's name that is an address", { visitor: { name: ANN } }],
  ["one of several visitors", { visitors: [{ email: "" }, { email: ANN }] }],
  ["a visitor's custom variable", { visitor: { custom_variables: [{ key: "E-Mail", value: ANN }] } }],
  ["an answer before a chat", { pre_chat_survey: [{ label: "E-mail:", answer: ANN }] }],
  ["an answer after a chat", { post_chat_survey: [{ answer: `mailto:${ANN}` }] }],
  ["a requester", { ticket: { requester: { mail: ANN } } }],
  ["a requester's address with a name", { ticket: { requester: { mail: `Ann <${ANN}>` } } }],
  ["a client author", { ticket: { events: [{ author: { id: ANN, type: "client" } }] } }],
  ["a customer of the Text platform", { payload: { chat: { users: [{ type: "customer", email: ANN }] } } }],
  ["a form of the Text platform", { thread: { events: [{ fields: [{ type: "email", answer: ANN }] }] } }],
])("peopleIn finds %s", (_, body) => {
  expect(peopleIn(body)).toEqual([ANN]);
  expect(concerns(body, ann)).toBe("names");
});

test.each([
  ["an agent of the chat", { chat: { agents: [{ login: ANN, name: ANN }] } }],
  ["the author of an agent's message", { chat: { messages: [{ agent_id: ANN }] } }],
  ["an assignee", { ticket: { assignee: { id: ANN } } }],
  ["an agent of the Text platform", { chat: { users: [{ type: "agent", id: ANN, email: ANN }] } }],
  ["an agent author", { ticket: { events: [{ author: { id: ANN, type: "agent" } }] } }],
  ["a longer address before", { visitor: { email: `jo${ANN}` } }],
  ["a longer address behind", { visitor: { email: `${ANN}.au` } }],
  ["an address with a hyphen", { text: `x-${ANN}` }],
])("a body with %s is not about the person", (_, body) => {
  expect(peopleIn(body)).not.toContain(ANN);
  expect(concerns(body, ann)).toBe("no");
});

test.each([
  ["a message", { chat: { messages: [{ text: `write to ${ANN.toUpperCase()}.` }] } }],
  ["an unknown member", { contact: ANN }],
  ["the name of a member", { [ANN]: 1 }],
  ["a choice of a survey", { pre_chat_survey: [{ answers: [{ label: ANN }] }] }],
  ["another custom variable", { visitor: { custom_variables: [{ key: "sales", value: ANN }] } }],
  ["an author of no known type", { ticket: { events: [{ author: { id: ANN } }] } }],
  ["a list", [[ANN]]],
  ["a bare text", ANN],
])("%s may be about the person", (_, body) => {
  expect(peopleIn(body)).toEqual([]);
  expect(concerns(body, ann)).toBe("may");
});

test.each([
  "o'brien@x.y",
  "a&b@x.y",
  "müller@x.y",
  "m@xn--mller-kva.de",
  "a/b@x.y",
  "a+b*c?d[e]{f}|g^h$i(j)\\k@x.y",
  "n/a",
])("peopleIn returns the odd address %j unchanged", (email) => {
  expect(peopleIn({ visitor: { email } })).toEqual([email]);
  expect(concerns({ visitor: { email } }, toPerson(email.toUpperCase()))).toBe("names");
  expect(concerns({ text: `<${email}>` }, toPerson(email))).toBe("may");
  expect(concerns({ text: "aabbcc@x.y" }, toPerson(email))).toBe("no");
});

test("a body of any depth and breadth is searched", () => {
  const deep = JSON.parse(`{"visitor":${'{"a":'.repeat(100_000)}"${ANN}"${"}".repeat(100_000)}}`);
  expect(peopleIn(deep)).toEqual([ANN]);
  const broad = { messages: new Array(1_000_000).fill(0), visitor: { email: ANN } };
  expect(concerns(broad, ann)).toBe("names");
});

test("a body names a chat only by its chat.id", () => {
  expect(concernsChat({ chat: { id: 3 } }, "3")).toBe("names");
  expect(concernsChat({ chat: { id: "33", text: "3" }, chat_id: "3" }, "3")).toBe("no");
});

test("a body without chat.id may mean the chat by any other id", () => {
  expect(concernsChat({ chat: "3" }, "3")).toBe("may");
  expect(concernsChat({ chat: {}, chat_id: 3 }, "3")).toBe("may");
  expect(concernsChat({ chat: [{ id: 3 }] }, "3")).toBe("may");
  expect(concernsChat({ payload: { chat_id: "2", thread_id: "3" } }, "3")).toBe("may");
  expect(concernsChat({ payload: { chat: { id: "2", thread: { id: "3" } } } }, "3")).toBe("may");
  expect(concernsChat({ n: 3 }, "3")).toBe("no");
  expect(concernsChat(3, "3")).toBe("no");
});
