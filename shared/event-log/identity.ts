import { hashed } from "../storage/keys.ts";
import { chatSubject, ticketSubject } from "./keys.ts";
import type { NewEvent } from "./types.ts";

type IdentityParts = Pick<NewEvent, "type" | "subjectId" | "occurredAt" | "once" | "licence" | "raw">;

/**
 * The id of an event, made from its subject, its type and its time. All deliveries of one event have the same id,
 * even if other fields differ; two events never have the same id. The creation of a ticket has no time in its id,
 * because it happens once. The start or end of a chat is identified by its time, or by its content when it has no
 * time. With `once`, a chat has only one event of the type, and the id has no time.
 *
 * Ids of chats and tickets are opaque text and unique in a licence. The id of an event contains its licence only when
 * the log belongs to another licence. Webhook and reconciliation must give an event the same id, and the
 * reconciliation's list of tickets has no licence.
 *
 * @param ofLog the log's licence, when it has one
 */
export function identify(
  { type, subjectId, occurredAt, once, licence, raw }: IdentityParts,
  ofLog?: string,
): string {
  if (subjectId === "") throw new TypeError(`An event ${type} needs the id of its subject`);
  const isTicket = type === "ticket_created";
  const time = isTicket || once ? "" : (occurredAt ?? ["content", hashed(raw)]);
  const isForeign = ofLog !== undefined && licence !== undefined && licence !== ofLog;
  const event = [type, subjectId, time, ...(isForeign ? [licence] : [])];
  return (isTicket ? ticketSubject(subjectId) : chatSubject(subjectId)) + hashed(event, 16);
}
