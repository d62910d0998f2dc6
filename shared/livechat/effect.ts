/**
 * What a call does at LiveChat. It decides whether the call may be repeated: a reading, a replacement and a removal may, and
 * a creation creates something each time (RFC 9110, 9.2: safe and idempotent methods).
 */
export type Effect = "read" | "replace" | "remove" | "create";

/** The effects of the HTTP methods. */
export const effectOf = {
  GET: "read",
  PUT: "replace",
  PATCH: "replace",
  DELETE: "remove",
  POST: "create",
} as const;
