import { stringEnd } from "./cut-members.ts";

/** How many arrays and objects are open at once at the deepest place; 0 for a bare string or number. */
export function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let position = 0; position < text.length; position++) {
    const character = text[position];
    if (character === '"') position = stringEnd(text, position);
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return deepest;
}
