import { expect, test } from "vitest";
import { InvalidInput } from "../../shared/core/errors.ts";
import { splitFilters } from "../../shared/livechat/helpdesk/filters.ts";

test("no filters become no parameters and no test", () => {
  expect(splitFilters({ order: "asc" })).toEqual({ query: {} });
});

test("days become parameters for all changes on them", () => {
  const { query } = splitFilters({ date_from: "2026-01-10", date_to: "2026-01-11" });
  expect(query).toEqual({
    updatedDateFrom: "2026-01-10T00:00:00.000Z",
    createdDateTo: "2026-01-12T00:00:00.000Z",
  });
});

test.each([
  ["2026-01-10T00:00:00.000Z", true],
  ["2026-01-11T23:59:59.999Z", true],
  ["2026-01-09T23:59:59.999Z", false],
  ["2026-01-12T00:00:00.000Z", false],
])("a ticket with an activity only at %s matches the days 2026-01-10 to 2026-01-11: %j", (date, isMatch) => {
  const { chooses } = splitFilters({ date_from: "2026-01-10", date_to: "2026-01-11" });
  expect(chooses?.({ id: "1", date })).toBe(isMatch);
});

test.each([
  ["open", { status: "open" }],
  ["spam", { silo: "spam" }],
  ["solved", {}],
] as const)("the status %s becomes the parameters %j", (status, query) => {
  expect(splitFilters({ status }).query).toEqual(query);
});

test("a filter by requester is a search that tests the whole address", () => {
  const { query, chooses } = splitFilters({ "requester[mail]": "ann@example.com" });
  expect(query).toEqual({ query: "ann@example.com" });
  expect(chooses?.({ id: "1", requester: { mail: "Ann@example.com" } })).toBe(true);
  expect(chooses?.({ id: "2", requester: { mail: "joann@example.com" } })).toBe(false);
});

test("a filter by group is InvalidInput", () => {
  expect(() => splitFilters({ group: 3 })).toThrow(InvalidInput);
});
