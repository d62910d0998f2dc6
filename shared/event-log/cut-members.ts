/**
 * Removes the members with these names from a JSON object, or from each object of a JSON list. Repeated members and
 * names with escapes are removed. Members of nested objects are not. The rest of the text does not change.
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
 * The original text of an object's member. When the name is repeated, the last member counts, as in `JSON.parse`.
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

/** Removes the members from the object that opens at `open`. */
function cutFrom(text: string, open: number, names: readonly string[]): string {
  return rebuild(text, open, "}", (start, end) =>
    names.includes(memberName(text, start, names) ?? "") ? undefined : text.slice(start, end),
  );
}

/** The text with the list or object at `open` rebuilt from the parts that `keep` returns. */
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

/** The position of the comma, brace or bracket after the member or element at `start`. */
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

/** The position of the quote that ends the string at `start`: it has an even number of backslashes before it. */
export function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslash = end - 1;
    while (text[backslash] === "\\") backslash--;
    if ((end - backslash) % 2 === 1) return end;
  }
  throw new SyntaxError("The JSON string has no end");
}

/**
 * The name of the member at `start`; `undefined` when it is too long to be one of `wanted`. An escaped character has at
 * most six characters, as in `\u0074`.
 */
function memberName(text: string, start: number, wanted: readonly string[]): string | undefined {
  const quote = text.indexOf('"', start);
  if (quote === -1) return undefined;
  const end = stringEnd(text, quote);
  const longest = Math.max(...wanted.map(({ length }) => length));
  return end - quote - 1 > 6 * longest ? undefined : JSON.parse(text.slice(quote, end + 1));
}
