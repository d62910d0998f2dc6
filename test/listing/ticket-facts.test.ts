import { expect, test } from "vitest";
import { createdAt, factsOfTicket, modifiedAt } from "../../shared/listing/ticket-facts.ts";

const date = "2026-01-15T12:00:00.000Z";
const modified = "2026-01-15T13:00:00.000Z";

test("the facts of a ticket are its id and its times in milliseconds", () => {
  expect(factsOfTicket({ id: "T1", date, modified })).toEqual({
    ...{ id: "T1", createdAt: Date.parse(date), changedAt: Date.parse(modified) },
  });
});

test("a ticket without a time of modification has that of its creation, or else 0", () => {
  expect(modifiedAt({ id: "T1", date })).toBe(Date.parse(date));
  expect(modifiedAt({ id: "T1" })).toBe(0);
});

test.each(["today", "1969-12-31T23:59:59.000Z", 7 as never, null as never])(
  "a ticket with the time %j has no such time",
  (time) => {
    expect(createdAt({ id: "T1", date: time })).toBeUndefined();
  },
);
