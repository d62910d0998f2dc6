/** Compares two values for `sort`, in ascending order. */
export function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares two texts in any case. A value that is no text equals nothing. */
export function isSameText(one: unknown, other: string): boolean {
  return typeof one === "string" && one.toLowerCase() === other.toLowerCase();
}
