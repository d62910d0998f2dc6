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
