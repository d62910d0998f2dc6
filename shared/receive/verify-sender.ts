import { createHash, timingSafeEqual } from "node:crypto";
import { Unauthorized } from "../core/errors.ts";
import type { Credentials } from "../core/settings.ts";

/** 401: the call had no credentials. */
export class NoCredentials extends Unauthorized {}

const CREDENTIALS_REQUIRED = "This URL requires the webhook's credentials.";

/**
 * Accepts a delivery with the HTTP Basic credentials (RFC 7617) of the registered URL.
 *
 * @param accepted all pairs that may be used; with none, every delivery is refused
 * @throws {NoCredentials} without the header
 * @throws {Unauthorized} when the pair is not accepted
 */
export function verifyCredentials(authorization: string | null, accepted: readonly Credentials[]): void {
  if (authorization === null) throw new NoCredentials(CREDENTIALS_REQUIRED);
  const [, encoded = ""] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization) ?? [];
  const given = Buffer.from(encoded, "base64").toString("utf8");
  checkSecret(
    given,
    accepted.map(({ username, password }) => `${username}:${password}`),
  );
}

/**
 * Accepts a delivery with a current password: in the registered URL's `key`, or as the webhook's secret.
 *
 * @param accepted all pairs whose password may be used; with none, every delivery is refused
 * @throws {NoCredentials} when the URL has no key
 * @throws {Unauthorized} when the key is not accepted
 */
export function verifyKey(given: string | null | undefined, accepted: readonly Credentials[]): void {
  if (!given) throw new NoCredentials(CREDENTIALS_REQUIRED);
  checkSecret(
    given,
    accepted.map(({ password }) => password),
  );
}

/** Compares digests, and always all of them, so the duration reveals neither content nor length. */
function checkSecret(given: string, accepted: readonly string[]): void {
  const digest = digestOf(given);
  const matches = accepted.filter((one) => timingSafeEqual(digest, digestOf(one)));
  if (matches.length === 0) throw new Unauthorized(CREDENTIALS_REQUIRED);
}

const digestOf = (text: string) => createHash("sha256").update(text).digest();
