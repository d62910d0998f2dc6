import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Says whether a request may call what asks for a key. */
export type KeyCheck = (request: IncomingMessage, search: string) => boolean;

/**
 * Compares the key of a request, the `x-functions-key` header or else the `code` parameter, with `key` in constant
 * time. The digests are compared, so that not even the length shows.
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
