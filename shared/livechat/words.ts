import { fromJson } from "../core/json.ts";
import { cut } from "../core/text.ts";
import { objectOf } from "../core/values.ts";

/** Longer messages are cut to this many characters. */
const MAX_LENGTH = 300;
const HTML = /<(?:!doctype|\/?[a-z][a-z0-9-]*(?:\s[^>]*)?\/?)>/i;
const USER_IN_URL = /\/\/[^\s/@]*@/g;

/**
 * Reads the message for people in the body of an error. LiveChat does not document its shape. Known shapes are `{error}`,
 * `{errors: […]}`, `{message}` and plain text. HTML pages come from proxies and are not messages.
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
  return words === "" ? undefined : cut(words, MAX_LENGTH);
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
  const { error, errors, message } = objectOf(body);
  return find(error, depth - 1) ?? find(errors, depth - 1) ?? find(message, depth - 1);
}
