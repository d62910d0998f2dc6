import { hashed } from "../storage/keys.ts";
import { chatSubject, ticketSubject } from "./keys.ts";
import type { NewEvent } from "./types.ts";

/**
 * The id of an event: its subject, and what happened to it when. All deliveries of one event have the same id, even if
 * other fields differ; two events never do. A ticket is created once; the start or end of a chat is identified by its
 * time, or by its content when it has none, unless a chat has only `once` an event of the type.
 *
 * Ids are opaque text and unique in a licence. The log's own licence is not part of an id, since LiveChat's list of
 * tickets names no licence, and webhook and reconciliation have to meet.
 *
 * @param foreign the event's licence, when it is another than the log's: see {@link foreignLicence}
 */
export function identify({ type, chatId, ticketId, moment, once, raw }: NewEvent, foreign?: string): string {
  const isTicket = type === "ticket_created";
  const about = isTicket ? ticketId : chatId;
  if (!about) throw new TypeError(`An event ${type} needs the id of its subject`);
  const happened = isTicket || once ? "" : (moment ?? ["content", hashed(raw)]);
  const event = [type, about, happened, ...(foreign === undefined ? [] : [foreign])];
  return (isTicket ? ticketSubject(about) : chatSubject(about)) + hashed(event, 16);
}

/** The licence of an event, if it differs from the log's. One that is not known counts as the log's. */
export function foreignLicence(ofLog: string | undefined, ofEvent: string | undefined): string | undefined {
  return ofLog === undefined || ofEvent === ofLog ? undefined : ofEvent;
}
