import { expect, test } from "vitest";
import { groupsOf, inGroups } from "../../shared/core/values.ts";

test.each<[count: number, sizes: number[]]>([
  [0, []],
  [3, [3]],
  [4, [3, 1]],
  [6, [3, 3]],
])("groupsOf cuts %i items into groups of three, in order", (count, sizes) => {
  const items = Array.from({ length: count }, (_, index) => index);
  const groups = groupsOf(items, 3);
  expect(groups.map(({ length }) => length)).toEqual(sizes);
  expect(groups.flat()).toEqual(items);
});

test("inGroups begins a group when its first result is requested, in order", async () => {
  const begun: number[] = [];
  const results = inGroups([1, 2, 3], 2, async (item) => {
    begun.push(item);
    return item * 10;
  });
  expect(begun).toEqual([]);
  expect((await results.next()).value).toBe(10);
  expect(begun).toEqual([1, 2]);
  expect(await Array.fromAsync(results)).toEqual([20, 30]);
  expect(begun).toEqual([1, 2, 3]);
});
