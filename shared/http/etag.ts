import { createHash } from "node:crypto";
import type { Reply } from "./operation.ts";

/**
 * Adds an ETag to a successful answer. A caller that already has the same answer gets 304 without a body. The ETag is
 * weak, because a proxy may compress the body.
 *
 * @param known the request's `If-None-Match`
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function conditional(reply: Reply, known: string | null): Reply {
  const { status, headers, body } = reply;
  if (status !== 200 || body === undefined) return reply;
  const etag = `W/"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  // The comparison is weak: a strong tag counts as the weak one.
  const isKnown = known?.split(",").some((tag) => ["*", etag].includes(tag.trim().replace(/^"/, 'W/"')));
  if (!isKnown) return { ...reply, headers: { ...headers, etag } };
  const { "content-type": _, ...others } = headers;
  return { status: 304, headers: { ...others, etag } };
}
