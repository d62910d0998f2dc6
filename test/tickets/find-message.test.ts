import { expect, test } from "vitest";
import { earliestOf, findMessage } from "../../shared/tickets/find-message.ts";

const events = [
  { message: "Hello", date: "2026-01-15T12:00:00.000Z" },
  { type: "note" },
  { message: " Hello\n", date: "2026-01-15T13:00:00.000Z" },
  { message: "Hello" },
  null,
];

test("findMessage returns the positions of a message with any white space", () => {
  expect(findMessage({ events }, "Hello ")).toEqual([0, 2, 3]);
  expect(findMessage({ events }, "Bye")).toEqual([]);
});

test("findMessage skips earlier events but no events without a time", () => {
  expect(findMessage({ events }, "Hello", "2026-01-15T12:30:00.000Z")).toEqual([2, 3]);
});

test.each([undefined, "none", 7, {}])(
  "findMessage finds nothing in a ticket whose events are %j",
  (events) => {
    expect(findMessage({ events }, "Hello")).toEqual([]);
  },
);

test("earliestOf allows LiveChat's clock to be 30 seconds behind", () => {
  expect(earliestOf("2026-01-15T12:00:00.500Z")).toBe("2026-01-15T11:59:30.500Z");
});
