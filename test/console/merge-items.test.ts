import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeItems } from "../../console/parts/merge-items.ts";

type Item = { id: number; state: string };
const keyOf = ({ id }: Item) => id;
const item = fc.record({ id: fc.integer({ min: 1, max: 9 }), state: fc.constantFrom("started", "ended") });
const some = fc.uniqueArray(item, { selector: keyOf, maxLength: 6 });

test("new items enter a list once, in their newest state, without moving shown items", () => {
  fc.assert(
    fc.property(some, some, some, (items, waiting, arrived) => {
      const fresh = waiting.filter(({ id }) => !items.some((one) => one.id === id));
      const list = mergeItems({ items, fresh }, arrived, keyOf);
      const shown = items.length === 0 ? list.items.slice(0, 0) : list.items;
      expect(shown.map(keyOf)).toEqual(items.map(keyOf));

      const all = [...list.items, ...list.fresh];
      expect(new Set(all.map(keyOf)).size).toBe(all.length);
      const known = new Map([...items, ...fresh, ...arrived].map((one) => [one.id, one]));
      expect(all.toSorted((a, b) => a.id - b.id)).toEqual([...known.values()].sort((a, b) => a.id - b.id));
    }),
  );
});

test("new items of an empty list are shown at once", () => {
  const arrived = [{ id: 1, state: "started" }];
  expect(mergeItems({ items: [], fresh: [] }, arrived, keyOf)).toEqual({ items: arrived, fresh: [] });
});
