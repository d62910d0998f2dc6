import { createHash, timingSafeEqual } from "node:crypto";
import { Unauthorized } from "../core/errors.ts";

/** 401 to a call that had no credentials at all. */
export class NoCredentials extends Unauthorized {}

/**
 * Accepts a delivery with a current password: in the registered URL's `key`, or as the webhook's secret. Digests are
 * compared, so that the time it takes tells neither content nor length.
 *
 * @param accepted all that may be used; with none, every delivery is refused
 * @throws {NoCredentials} when the URL has no key
 * @throws {Unauthorized} when the key is not accepted
 */
export function verifyKey(given: string | null | undefined, accepted: readonly string[]): void {
  if (!given) throw new NoCredentials("This URL requires the webhook's credentials.");
  const digest = digestOf(given);
  let verified = false;
  for (const right of accepted) if (timingSafeEqual(digest, digestOf(right))) verified = true;
  if (!verified) throw new Unauthorized("This URL requires the webhook's credentials.");
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
