/** Cuts a text that has more than `most` characters, and ends it with `…`. No surrogate pair is split. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const start = text.slice(0, most - 1);
  return `${start.isWellFormed() ? start : start.slice(0, -1)}…`;
}
