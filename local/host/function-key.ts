import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Returns true for a request with the function key. */
export type KeyCheck = (request: IncomingMessage, search: string) => boolean;

/**
 * Checks the key of requests: the header `x-functions-key`, or the parameter `code`. It compares digests in constant time,
 * so the duration reveals neither content nor length.
 */
export function keyCheck(key: string): KeyCheck {
  const expected = sha256(key);
  return (request, search) => {
    const header = request.headers["x-functions-key"];
    const given = typeof header === "string" ? header : new URLSearchParams(search).get("code");
    return given !== null && timingSafeEqual(sha256(given), expected);
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
