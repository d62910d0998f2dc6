/** Puts what came into a list: known items are replaced where they are, new ones wait, unless the list is empty. */
export function arrive<Item, List extends { items: readonly Item[]; fresh: readonly Item[] }>(
  list: List,
  came: readonly Item[],
  keyOf: (item: Item) => string | number,
): List {
  const changed = new Map(came.map((item) => [keyOf(item), item]));
  const replace = (items: readonly Item[]) =>
    items.map((item) => {
      const key = keyOf(item);
      const now = changed.get(key) ?? item;
      changed.delete(key);
      return now;
    });
  const items = replace(list.items);
  const fresh = replace(list.fresh);
  const all = [...changed.values(), ...fresh];
  return items.length === 0 ? { ...list, items: all, fresh: [] } : { ...list, items, fresh: all };
}
