/**
 * Yields the result of `work` for each item, in order. It works on a group of `size` items at once, and begins a
 * group when its first result is requested.
 */
export async function* inGroups<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  for (const group of groupsOf(items, size)) yield* await Promise.all(group.map((item) => work(item)));
}

/** Cuts a list into groups of `size` items; the last group may be smaller. */
export function groupsOf<Item>(items: readonly Item[], size: number): Item[][] {
  const groups = Array.from({ length: Math.ceil(items.length / size) }, (_, index) => index * size);
  return groups.map((start) => items.slice(start, start + size));
}
