/**
 * Yields the result of `work` for each item, in order. It works on a group of `size` items at once, and begins a
 * group when its first result is requested.
 */
export async function* inGroups<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  for (let start = 0; start < items.length; start += size) {
    yield* await Promise.all(items.slice(start, start + size).map((item) => work(item)));
  }
}
