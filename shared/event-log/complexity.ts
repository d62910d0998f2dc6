import { stringEnd } from "./cut-members.ts";
import { MAX_NESTING, MAX_VALUES } from "./limits.ts";

/** The reason why a body is too complex for an event, as a sentence; `undefined` for other bodies. */
export function tooComplex(text: string): string | undefined {
  const { depth, values } = complexityOf(text);
  if (depth > MAX_NESTING) return `It is nested more than ${MAX_NESTING} levels deep.`;
  if (values > MAX_VALUES) return `It has more than ${MAX_VALUES} values.`;
  return undefined;
}

/** The nesting depth of a JSON text (0 for a bare string or number), and about how many values it has. */
export function complexityOf(text: string): { depth: number; values: number } {
  let open = 0;
  let depth = 0;
  let values = 1;
  for (let position = 0; position < text.length; position++) {
    const character = text[position];
    if (character === '"') position = stringEnd(text, position);
    else if (character === ",") values++;
    else if (character === "{" || character === "[") {
      values++;
      depth = Math.max(depth, ++open);
    } else if (character === "}" || character === "]") open--;
  }
  return { depth, values };
}
