/**
 * Cuts a text that has more than `most` characters, and ends it with `…`. No surrogate pair is split, and half a pair
 * becomes `\uFFFD`, so the result can be stored.
 */
export function cut(text: string, most: number): string {
  const whole = text.toWellFormed();
  if (whole.length <= most) return whole;
  const start = whole.slice(0, most - 1);
  return `${start.isWellFormed() ? start : start.slice(0, -1)}…`;
}

/** A number with its noun: `1 event`, `2 events`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

/** True for a text that equals the other text, apart from upper and lower case. */
export function isSameText(one: unknown, other: string): boolean {
  return typeof one === "string" && one.toLowerCase() === other.toLowerCase();
}
