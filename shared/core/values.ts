/** True for an object with named members: neither `null` nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value itself if it is an object, otherwise an empty object. */
export const objectOf = (value: unknown) => (isObject(value) ? value : {});

/** The value itself if it is a list, otherwise an empty list. */
export const itemsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** An object without its members that are `undefined`. */
export function defined<Members extends object>(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members;
}

/** Compares two values for `sort`, in ascending order. */
export function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

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
