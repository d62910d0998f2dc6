import { expect, test } from "vitest";
import { Forbidden, InvalidInput } from "../../shared/core/errors.ts";
import { readDelivery } from "../../shared/receive/receive-v2.ts";

const chat = { id: "PJ0MRSHTDG", started_timestamp: 1408356305, ended_timestamp: 1408356905 };
const envelope = { event_type: "chat_ended", token: "secret", license_id: "1520", chat };

function read(
  body: unknown,
  expected: Parameters<typeof readDelivery>[1] = "chat_ended",
  licenseId?: string,
) {
  return readDelivery(typeof body === "string" ? body : JSON.stringify(body), expected, { licenseId });
}

test("a delivery is read with its ids, its time and its text without the token", () => {
  const body =
    '{ "event_type":"chat_ended","token" : "secret", "chat":{"id":"C\\ud800","ended_timestamp":1408356905.0,"n":12345678901234567890},"visitor":{"email":"vera@example.com"}}';
  const reading = read(body);
  expect(reading).toEqual({
    event: {
      type: "chat_ended",
      origin: "webhook",
      subjectId: "C\ud800",
      occurredAt: "2014-08-18T10:15:05.000Z",
      people: ["vera@example.com"],
      raw: expect.any(String),
    },
  });
  const raw = "event" in reading ? reading.event.raw : "";
  expect(raw).toContain('"n":12345678901234567890');
  expect(raw).toContain('"ended_timestamp":1408356905.0');
  expect(raw).not.toContain("secret");
});

test("an id is opaque text or an exact number", () => {
  const ticket = (id: unknown) => read({ license_id: 7, ticket: { id } }, "ticket_created");
  expect(ticket(2 ** 53 - 1)).toMatchObject({ event: { subjectId: "9007199254740991", licence: "7" } });
  expect(ticket("9007199254740993")).toMatchObject({ event: { subjectId: "9007199254740993" } });
  expect(read('{ "ticket" : {"x":{"id":"y"}, "id" : 12.0 } }', "ticket_created")).toMatchObject({
    event: { subjectId: "12" },
  });
  expect(ticket(" a/b ")).toMatchObject({ event: { subjectId: " a/b " } });
});

test("a time in seconds and the same time in ISO 8601 are one moment", () => {
  const iso = { ...envelope, chat: { ...chat, ended_timestamp: "2014-08-18T12:15:05+02:00" } };
  expect(read(iso)).toMatchObject({ event: { occurredAt: "2014-08-18T10:15:05.000Z" } });
  expect(read(envelope)).toMatchObject({ event: { occurredAt: "2014-08-18T10:15:05.000Z" } });
});

test("a chat's start has the moment of the chat's start", () => {
  expect(read({ ...envelope, event_type: "chat_started" }, "chat_started")).toMatchObject({
    event: { type: "chat_started", occurredAt: "2014-08-18T10:05:05.000Z" },
  });
});

test("a ticket's event occurred at the ticket's date, or at that of its first event", () => {
  const ticket = {
    id: "K9N1S",
    requester: { mail: "vera@example.com" },
    source: { url: null, id: null },
    assignee: null,
  };
  const read1 = (more: object) =>
    read({ event_type: "ticket_created", ticket: { ...ticket, ...more } }, "ticket_created");
  expect(read1({ date: 1408356305 })).toMatchObject({
    event: { subjectId: "K9N1S", occurredAt: "2014-08-18T10:05:05.000Z", people: ["vera@example.com"] },
  });
  expect(read1({ events: [{ type: "message", date: "2014-08-18T10:05:05Z" }] })).toMatchObject({
    event: { occurredAt: "2014-08-18T10:05:05.000Z" },
  });
  expect(read1({})).toMatchObject({ event: { occurredAt: undefined } });
});

test.each([
  ["no visitor, no survey, no lists", { chat: { id: "C" } }],
  [
    "nulls",
    { chat: { id: "C", url: null, tags: null, messages: null }, visitor: null, pre_chat_survey: null },
  ],
  ["a skipped survey", { chat: { id: "C" }, pre_chat_survey: [] }],
  ["an empty list as an object, as PHP writes it", { chat: { id: "C", tags: {} } }],
  ["groups as objects", { chat: { id: "C", groups: [{ id: 1, name: "Sales" }, 2, "3"] } }],
  ["a licence as a number", { license_id: 1520, chat: { id: "C" } }],
  ["undocumented fields", { chat: { id: "C", mood: { level: 3 } }, more: [] }],
])("a delivery with %s is read", (_, body) =>
  expect(read(body, "chat_ended", "1520")).toHaveProperty("event"),
);

test.each([
  ["the type of another event", { ...envelope, event_type: "ticket_created" }, "event_type"],
  ["a chat without an id", { ...envelope, chat: {} }, "chat.id"],
  ["no chat at all", { event_type: "chat_ended" }, "chat"],
  ["an empty id", { ...envelope, chat: { ...chat, id: "" } }, "chat.id"],
  ["a number for an id that loses digits", '{"chat":{"id":9007199254740993}}', "chat.id"],
  [
    "a fraction that is read as a whole number",
    '{"chat":{"id":"C"},"chat":{"id":1.0000000000000001}}',
    "chat.id",
  ],
  ["a number with an exponent", '{"chat":{"\\u0069d":1e2}}', "chat.id"],
  ["true for an id, which two chats may have", { ...envelope, chat: { ...chat, id: true } }, "chat.id"],
  ["a blank id", { ...envelope, chat: { ...chat, id: " " } }, "chat.id"],
  ["a licence that is read as another", '{"license_id":1520.0000000000001,"chat":{"id":"C"}}', "license_id"],
  ["a licence that loses digits", '{"license_id":12345678901234567890,"chat":{"id":"C"}}', "license_id"],
  ["a licence with half a surrogate pair", { ...envelope, license_id: "\ud800" }, "license_id"],
  ["a licence of 40,000 characters", { ...envelope, license_id: "7".repeat(40_000) }, "license_id"],
  ["an invalid time", { ...envelope, chat: { ...chat, ended_timestamp: "soon" } }, "chat.ended_timestamp"],
  ["a list as its body", [], ""],
  ["a number as its body", 7, ""],
])("a delivery with %s is unreadable, with the path of the problem", (_, body, path) => {
  const reading = read(body);
  expect(reading).toMatchObject({ reason: expect.any(String) });
  if ("problems" in reading) expect(reading.problems.map((problem) => problem.path).join()).toContain(path);
});

test("a delivery is refused only when it has another licence", () => {
  expect(() => read(envelope, "chat_ended", "7")).toThrow(Forbidden);
  expect(read({ ...envelope, license_id: null }, "chat_ended", "7")).toHaveProperty("event");
});

test("a delivery that is not JSON is an InvalidInput", () => expect(() => read("{")).toThrow(InvalidInput));

test("an empty list in place of an object counts as absent, as PHP writes it", () => {
  const chat = { id: "C", started_timestamp: "2014-08-18T10:05:05Z", ended_timestamp: "", url: "" };
  const started = read(
    { event_type: "chat_started", chat, visitor: [], pre_chat_survey: {} },
    "chat_started",
  );
  expect(started).toMatchObject({ event: { occurredAt: "2014-08-18T10:05:05.000Z" } });
  const ticket = { id: "T", assignee: [], requester: [], modified: "", subject: "" };
  expect(read({ ticket }, "ticket_created")).toHaveProperty("event");
});

test("a delivery nested too deep to be written again is unreadable", () => {
  const deep = `{"chat":{"id":"C"},"deep":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  expect(readDelivery(deep, "chat_ended")).toMatchObject({ raw: deep, reason: expect.any(String) });
});

test.each([
  ["numbers for messages", `{"chat":{"id":"C","messages":[${"0,".repeat(500_000)}0]}}`, 50],
  ["too many empty messages", `{"chat":{"id":"C","messages":[${"{},".repeat(600_000)}{}]}}`, 1],
  ["too many unknown values", `{"chat":{"id":"C"},"x":[${"1,".repeat(600_000)}1]}`, 1],
])("a delivery with %s is unreadable, with at most 50 problems", (_, body, problems) => {
  const reading = readDelivery(body, "chat_ended");
  expect(reading).toMatchObject({ raw: body, reason: expect.any(String) });
  if ("problems" in reading) expect(reading.problems).toHaveLength(problems);
});
