/**
 * What a call does at LiveChat, which decides whether it may be made twice: it reads, it puts a state in place of another,
 * it removes something, or it creates something each time that it arrives (RFC 9110, 9.2: safe, idempotent, neither).
 */
export type Effect = "read" | "replace" | "remove" | "create";

/** What the methods of HTTP stand for. */
export const effectOf = { GET: "read", PUT: "replace", DELETE: "remove", POST: "create" } as const;
