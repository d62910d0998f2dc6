import { hashed } from "../storage/keys.ts";
import { chatSubject, ticketSubject } from "./keys.ts";
import type { NewEvent } from "./types.ts";

/**
 * The id of an event, made from its subject, its type and its time. All deliveries of one event have the same id,
 * even if other fields differ; two events never have the same id. The creation of a ticket has no time in its id,
 * because it happens once. The start or end of a chat is identified by its time, or by its content when it has no
 * time. With `once`, a chat has only one event of the type, and the id has no time.
 *
 * Ids of chats and tickets are opaque text and unique in a licence. The log's own licence is not part of an event's
 * id: LiveChat's list of tickets has no licence, and the webhook and the reconciliation must give an event the same
 * id.
 *
 * @param foreign the event's licence, if it is not the log's: see {@link foreignLicence}
 */
export function identify({ type, chatId, ticketId, moment, once, raw }: NewEvent, foreign?: string): string {
  const isTicket = type === "ticket_created";
  const about = isTicket ? ticketId : chatId;
  if (!about) throw new TypeError(`An event ${type} needs the id of its subject`);
  const happened = isTicket || once ? "" : (moment ?? ["content", hashed(raw)]);
  const event = [type, about, happened, ...(foreign === undefined ? [] : [foreign])];
  return (isTicket ? ticketSubject(about) : chatSubject(about)) + hashed(event, 16);
}

/** The licence of an event, if it differs from the log's licence. An unknown licence counts as the log's. */
export function foreignLicence(ofLog: string | undefined, ofEvent: string | undefined): string | undefined {
  return ofLog === undefined || ofEvent === ofLog ? undefined : ofEvent;
}
