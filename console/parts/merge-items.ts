/** Merges items into a list. Known items are replaced in place; new ones wait in `fresh`, unless the list is empty. */
export function mergeItems<Item, List extends { items: readonly Item[]; fresh: readonly Item[] }>(
  list: List,
  arrived: readonly Item[],
  keyOf: (item: Item) => string | number,
): List {
  const changed = new Map(arrived.map((item) => [keyOf(item), item]));
  const replace = (items: readonly Item[]) =>
    items.map((item) => {
      const key = keyOf(item);
      const newest = changed.get(key) ?? item;
      changed.delete(key);
      return newest;
    });
  const items = replace(list.items);
  const fresh = replace(list.fresh);
  const all = [...changed.values(), ...fresh];
  return items.length === 0 ? { ...list, items: all, fresh: [] } : { ...list, items, fresh: all };
}
