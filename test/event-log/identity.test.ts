import { expect, test } from "vitest";
import { identify } from "../../shared/event-log/identity.ts";
import { isId, subjectOf } from "../../shared/event-log/keys.ts";
import { ended, started, ticketCreated } from "./deliveries.ts";

test("all deliveries of an event have the same id", () => {
  expect(identify(started({ more: { tags: ["other"] } }))).toBe(identify(started()));
});

test("two starts of a chat at different times have different ids", () => {
  expect(identify(started({ minute: 1 }))).not.toBe(identify(started()));
});

test("the events of a chat have ids with one prefix", () => {
  const [start, end] = [identify(started()), identify(ended())];
  expect([isId(start), isId(end), start === end]).toEqual([true, true, false]);
  expect(subjectOf(start)).toBe(subjectOf(end));
  expect(subjectOf(start)).not.toBe(subjectOf(identify(ticketCreated({ id: "C1" }))));
});

test("an event of a chat without a time is identified by its content", () => {
  const timeless = (tag: string) => ({ ...ended({ more: { tags: [tag] } }), occurredAt: undefined });
  expect(identify(timeless("a"))).toBe(identify(timeless("a")));
  expect(identify(timeless("a"))).not.toBe(identify(timeless("b")));
});

test("the time is not in the id of a ticket or of an event that a chat has once", () => {
  expect(identify({ ...ticketCreated(), occurredAt: "2026" })).toBe(identify(ticketCreated()));
  expect(identify({ ...started({ minute: 1 }), once: true })).toBe(identify({ ...started(), once: true }));
});

test("the licence is in the id when the log has another licence", () => {
  const event = { ...started(), licence: "1" };
  const own = identify(event);
  expect(identify(event, "1")).toBe(own);
  expect(identify({ ...event, licence: undefined }, "2")).toBe(own);
  expect(identify(event, "2")).not.toBe(own);
});

test("an event without the id of its subject has no id", () => {
  expect(() => identify({ ...started(), subjectId: "" })).toThrow(TypeError);
});
