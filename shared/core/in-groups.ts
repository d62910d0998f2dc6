/** What `work` makes of each item, in order. A group of `size` items is worked on at a time, when its results are asked for. */
export async function* inGroups<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  for (let start = 0; start < items.length; start += size) {
    yield* await Promise.all(items.slice(start, start + size).map((item) => work(item)));
  }
}
