import * as v from "valibot";

const MAX_KEY_LENGTH = 255;
/** A string of RFC 8941 (3.3.3): visible characters and spaces, with `"` and `\` escaped. */
const QUOTED_KEY = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
/** A key without quotes, as most clients send it. */
const BARE_KEY = /^[A-Za-z0-9._~:/+=-]+$/;

/**
 * The header `Idempotency-Key`: a quoted string of 1 to 255 characters
 * (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/). Without quotes, a plain key such as a
 * UUID is the same key.
 */
export const idempotencyKey = v.pipe(
  v.string(),
  v.transform((header) => {
    const text = header.trim();
    return QUOTED_KEY.exec(text)?.[1]?.replace(/\\(.)/g, "$1") ?? BARE_KEY.exec(text)?.[0] ?? "";
  }),
  v.check(
    (key) => key.length > 0 && key.length <= MAX_KEY_LENGTH,
    `must be one string in quotes, of 1 to ${MAX_KEY_LENGTH} characters, such as "8e03978e-40d5-43e8-bc93-6894a57f9324"`,
  ),
);
