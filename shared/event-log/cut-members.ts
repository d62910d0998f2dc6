/**
 * Removes the members with these names from a JSON object, or from each object of a JSON list: every repetition of them,
 * and spellings with escapes too. Members of members stay. The rest of the text stays character for character.
 *
 * @param text JSON that has been parsed before
 * @throws {SyntaxError} when the end of a string, an object or a list is missing
 */
export function cutMembers(text: string, names: readonly string[]): string {
  const open = text.search(/\S/);
  if (text[open] === "{") return cutFrom(text, open, names);
  if (text[open] !== "[") return text;
  return rebuild(text, open, "]", (start, end) => {
    const element = text.slice(start, end);
    return element.trimStart().startsWith("{") ? cutFrom(element, element.search(/\S/), names) : element;
  });
}

/**
 * The text of an object's member as it was written; of several with this name the last one, as `JSON.parse` does.
 *
 * @param text JSON that has been parsed before
 */
export function memberText(text: string, name: string): string | undefined {
  const open = text.search(/\S/);
  if (text[open] !== "{") return undefined;
  let found: string | undefined;
  for (let position = open; text[position] !== "}"; ) {
    const start = position + 1;
    position = partEnd(text, start);
    const quote = text.indexOf('"', start);
    if (quote === -1 || quote > position || memberName(text, start, [name]) !== name) continue;
    found = text.slice(text.indexOf(":", stringEnd(text, quote)) + 1, position);
  }
  return found;
}

/** Cuts from the object that opens at `open`. */
function cutFrom(text: string, open: number, names: readonly string[]): string {
  return rebuild(text, open, "}", (start, end) =>
    names.includes(memberName(text, start, names) ?? "") ? undefined : text.slice(start, end),
  );
}

/** Puts a list or object together again from what `keep` makes of its parts; the text itself when that is all of them. */
function rebuild(
  text: string,
  open: number,
  close: string,
  keep: (start: number, end: number) => string | undefined,
): string {
  const kept: string[] = [];
  let isChanged = false;
  let position = open;
  while (text[position] !== close) {
    const start = position + 1;
    position = partEnd(text, start);
    const part = keep(start, position);
    if (part !== undefined) kept.push(part);
    isChanged ||= part?.length !== position - start;
  }
  return isChanged ? text.slice(0, open + 1) + kept.join(",") + text.slice(position) : text;
}

/** The comma, brace or bracket that ends the member or element which starts at `start`. */
function partEnd(text: string, start: number): number {
  let depth = 0;
  for (let position = start; position < text.length; position++) {
    const character = text[position];
    if (character === '"') position = stringEnd(text, position);
    else if (character === "{" || character === "[") depth++;
    else if (depth === 0 && (character === "," || character === "}" || character === "]")) return position;
    else if (character === "}" || character === "]") depth--;
  }
  throw new SyntaxError("The JSON object or list has no end");
}

/** The closing quote of the string that opens at `start`: the first with an even number of backslashes before it. */
export function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslash = end - 1;
    while (text[backslash] === "\\") backslash--;
    if ((end - backslash) % 2 === 1) return end;
  }
  throw new SyntaxError("The JSON string has no end");
}

/** The member's name, if it can be one of `wanted` at all: a character takes at most six, as in `\u0074`. */
function memberName(text: string, start: number, wanted: readonly string[]): string | undefined {
  const quote = text.indexOf('"', start);
  if (quote === -1) return undefined;
  const end = stringEnd(text, quote);
  const longest = Math.max(...wanted.map(({ length }) => length));
  return end - quote - 1 > 6 * longest ? undefined : JSON.parse(text.slice(quote, end + 1));
}
