import { createHash, timingSafeEqual } from "node:crypto";
import type { Credentials } from "../core/credentials.ts";
import { Unauthorized } from "../core/errors.ts";

/**
 * Accepts a delivery with the HTTP Basic credentials (RFC 7617) of the registered URL. It compares digests, so its time
 * reveals neither content nor length.
 *
 * @param accepted all pairs that may be used, always the same array; with none, every delivery is refused
 * @throws {Unauthorized}
 */
export function verifyCredentials(authorization: string | null, accepted: readonly Credentials[]): void {
  const given = digest(decodeBasic(authorization));
  let verified = false;
  for (const right of digestsOf(accepted)) if (timingSafeEqual(given, right)) verified = true;
  if (!verified || authorization === null)
    throw new Unauthorized("This URL requires the webhook's credentials.");
}

const digests = new WeakMap<readonly Credentials[], Buffer[]>();

/** Made once for the life of the settings that they are from. */
function digestsOf(accepted: readonly Credentials[]): Buffer[] {
  const kept = digests.get(accepted);
  if (kept) return kept;
  const made = accepted.map(({ username, password }) => digest(`${username}:${password}`));
  digests.set(accepted, made);
  return made;
}

function decodeBasic(authorization: string | null): string {
  const [, encoded = ""] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? "") ?? [];
  return Buffer.from(encoded, "base64").toString("utf8");
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
