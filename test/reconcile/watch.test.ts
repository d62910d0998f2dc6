import { expect, test } from "vitest";
import type { ItemFacts } from "../../shared/listing/source.ts";
import { beginWatch, isCreatedSince } from "../../shared/reconcile/watch.ts";

const MINUTE = 60_000;
const NOW = Date.parse("2026-03-01T12:00:00.000Z");
const item = (id: string, changedAt?: number): ItemFacts => ({ id, changedAt });

test("a watch begins at the last change of the first page once that second is over", () => {
  const first = [item("a", NOW - 20 * MINUTE), item("b", NOW - 30 * MINUTE)];
  expect(beginWatch(first, { isAll: false, now: NOW })).toEqual({ since: NOW - 20 * MINUTE });
});

test("a watch that begins in the present second knows the items of that second", () => {
  const first = [item("a", NOW), item("b", NOW), item("c", NOW - MINUTE)];
  expect(beginWatch(first, { isAll: false, now: NOW })).toEqual({ since: NOW, known: ["a", "b"] });
});

test("a watch knows no items when the next page may have more of the same second", () => {
  const first = [item("a", NOW), item("b", NOW)];
  expect(beginWatch(first, { isAll: false, now: NOW })).toEqual({ since: NOW });
  expect(beginWatch(first, { isAll: true, now: NOW })).toEqual({ since: NOW, known: ["a", "b"] });
});

test("a watch ignores items with a time in the future", () => {
  const future = item("a", NOW + 11 * MINUTE);
  expect(beginWatch([future, item("b", NOW)], { isAll: true, now: NOW })).toMatchObject({ since: NOW });
  expect(beginWatch([future], { isAll: false, now: NOW })).toBeUndefined();
});

test("without a usable time, a watch begins ten minutes before our clock's time", () => {
  const since = NOW - 10 * MINUTE;
  expect(beginWatch([], { isAll: true, now: NOW })).toEqual({ since, known: [] });
  expect(beginWatch([item("a")], { isAll: true, now: NOW })).toEqual({ since, known: [] });
});

test("isCreatedSince is true for a later time or, at the first time, an unknown id", () => {
  const since = (createdAt: number | undefined, known?: string[]) =>
    isCreatedSince({ since: NOW, known }, { id: "a", createdAt });
  expect([since(NOW + 1), since(NOW - 1), since(undefined)]).toEqual([true, false, false]);
  expect([since(NOW), since(NOW, ["a"]), since(NOW, ["b"])]).toEqual([false, false, true]);
});
