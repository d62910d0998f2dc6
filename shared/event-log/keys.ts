import { after, hashed, ordered } from "../storage/keys.ts";
import type { NewEvent } from "./types.ts";

/**
 * One partition holds the whole log, so that one transaction can touch all of it: a deployment serves one LiveChat
 * account, and LiveChat's ids are unique in an account. These are its row keys.
 */
export const HEAD = "head";
export const TURN = "turn";
export const PROBE = "probe";

const EVENT = "event:";
const BLOCK = "block:";
const BODY = "body:";
const IDENTITY = "id:";
const QUARANTINE = "quarantine:";

export const eventKey = (seq: number) => EVENT + ordered(seq);
export const seqOf = (eventKey: string) => Number(eventKey.slice(EVENT.length));
export const blockKey = (block: number) => BLOCK + ordered(block);
export const blockOf = (blockKey: string) => Number(blockKey.slice(BLOCK.length));
export const identityKey = (id: string) => IDENTITY + id;
export const quarantineKey = (id: string) => QUARANTINE + id;
export const quarantineIdOf = (key: string) => key.slice(QUARANTINE.length);
export const bodyKey = (owner: string, fingerprint: string, index: number) =>
  `${BODY}${owner}:${fingerprint}:${String(index).padStart(2, "0")}`;

export const EVENTS = { from: EVENT, before: after(EVENT) };
export const BLOCKS = { from: BLOCK, before: after(BLOCK) };
export const BODIES = { from: BODY, before: after(BODY) };
export const QUARANTINED = { from: QUARANTINE, before: after(QUARANTINE) };

const SUBJECT_DIGITS = 16;

/** Where the identities of all events of a chat or ticket stand. Other subjects can share it, if hardly ever. */
export const identitiesOf = (subject: string) => ({
  from: IDENTITY + subject,
  before: after(IDENTITY + subject),
});

export const subjectOf = (id: string) => id.slice(0, SUBJECT_DIGITS);
export const chatSubject = (chatId: string) => hashed(["chat", chatId], SUBJECT_DIGITS);
export const ticketSubject = (ticketId: string) => hashed(["ticket", ticketId], SUBJECT_DIGITS);

/**
 * The id of an event: what it is about, and what happened when. Two deliveries of one event have the same id whatever
 * else differs; two events never do. A chat's start or end that does not say when is told by its content.
 */
export function identify({ type, chatId, ticketId, moment, raw }: NewEvent): string {
  const isTicket = type === "ticket_created";
  const about = isTicket ? ticketId : chatId;
  if (about === undefined) throw new TypeError(`An event ${type} needs the id of what it is about`);
  const happened = isTicket ? "" : (moment ?? ["content", hashed(raw)]);
  return (isTicket ? ticketSubject(about) : chatSubject(about)) + hashed([type, about, happened], 16);
}

const ID = /^[0-9a-f]{32}$/;

/** Whether a text from outside can be an id at all, and so be put into a key. */
export const isId = (text: string) => ID.test(text);
