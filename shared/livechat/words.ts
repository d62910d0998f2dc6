import { fromJson } from "../core/json.ts";

/** How many characters of a message are kept. */
const MAX_LENGTH = 300;
const HTML = /<(?:!doctype|\/?[a-z][a-z0-9-]*(?:\s[^>]*)?\/?)>/i;
const USER_IN_URL = /\/\/[^\s/@]*@/g;

/**
 * Reads the message for people in the body of an error. LiveChat does not document its shape. Known shapes are `{error}`,
 * `{errors: […]}`, `{message}` and plain text. HTML pages come from proxies and are no message.
 *
 * @param body a JSON value, or text
 * @param secrets texts that are replaced
 */
export function readWords(body: unknown, secrets: readonly string[]): string | undefined {
  const found = find(body, 4)?.slice(0, 10_000);
  if (found === undefined || HTML.test(found)) return undefined;
  const words = secrets
    .reduce((text, secret) => text.replaceAll(secret, "[redacted]"), found)
    .replace(USER_IN_URL, "//")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return words === "" ? undefined : cutWords(words);
}

function find(body: unknown, depth: number): string | undefined {
  if (depth === 0) return undefined;
  if (typeof body === "string") {
    // A server may send JSON with another content type.
    const json = /^\s*[{[]/.test(body) ? fromJson(body) : undefined;
    return json === undefined ? body : find(json, depth);
  }
  if (Array.isArray(body)) {
    const all = body.slice(0, 10).map((item) => find(item, depth - 1));
    return all.filter((words) => words !== undefined).join("; ") || undefined;
  }
  if (body === null || typeof body !== "object") return undefined;
  const { error, errors, message } = body as Record<string, unknown>;
  return find(error, depth - 1) ?? find(errors, depth - 1) ?? find(message, depth - 1);
}

function cutWords(words: string): string {
  const characters = [...words];
  return characters.length <= MAX_LENGTH ? words : `${characters.slice(0, MAX_LENGTH - 1).join("")}…`;
}
