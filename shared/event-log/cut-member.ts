/**
 * Takes the members called `name` out of a JSON object, however often they are there and with whatever escapes the name
 * is spelled; members of members stay. Everything else stays character for character. Text that is not an object comes
 * back as it is.
 *
 * @param text JSON that has been parsed before
 * @throws {SyntaxError} when the end of a string or of the object is missing
 */
export function cutMember(text: string, name: string): string {
  const open = text.search(/\S/);
  if (text[open] !== "{") return text;
  const kept: string[] = [];
  let cut = false;
  let position = open;
  while (text[position] !== "}") {
    const start = position + 1;
    position = memberEnd(text, start);
    if (nameOf(text, start, name) === name) cut = true;
    else kept.push(text.slice(start, position));
  }
  return cut ? text.slice(0, open + 1) + kept.join(",") + text.slice(position) : text;
}

/** The comma or brace that ends the member which starts at `start`. */
function memberEnd(text: string, start: number): number {
  let depth = 0;
  for (let position = start; position < text.length; position++) {
    const character = text[position];
    if (character === '"') position = stringEnd(text, position);
    else if (character === "{" || character === "[") depth++;
    else if (depth === 0 && (character === "," || character === "}")) return position;
    else if (character === "}" || character === "]") depth--;
  }
  throw new SyntaxError("The JSON object has no end");
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

/** The member's name, if it can be `wanted` at all: a character takes at most six, as in `\u0074`. */
function nameOf(text: string, start: number, wanted: string): string | undefined {
  const quote = text.indexOf('"', start);
  if (quote === -1) return undefined;
  const end = stringEnd(text, quote);
  return end - quote - 1 > 6 * wanted.length ? undefined : JSON.parse(text.slice(quote, end + 1));
}
