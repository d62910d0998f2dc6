import { hashed, ordered, withPrefix } from "../storage/keys.ts";

// The row keys of the log. The whole log is in one partition, so one transaction can change any of its rows.

export const HEAD = "head";
export const PROBE = "probe";

/** These keys follow the head's key, so one query returns both. */
const WAITING = `${HEAD}.waiting:`;
const EVENT = "event:";
const HOUR_KEY = "hour:";
const BODY = "body:";
const IDENTITY = "id:";
const QUARANTINE = "quarantine:";

export const waitingKey = (instance: string) => WAITING + instance;
export const waitingInstance = (key: string) => key.slice(WAITING.length);
export const eventKey = (seq: number) => EVENT + ordered(seq);
export const seqOf = (eventKey: string) => Number(eventKey.slice(EVENT.length));
export const hourKey = (hour: string) => HOUR_KEY + hour;
export const identityKey = (id: string) => IDENTITY + id;
export const quarantineKey = (id: string) => QUARANTINE + id;
export const quarantineIdOf = (key: string) => key.slice(QUARANTINE.length);
export const bodyKey = (owner: string, fingerprint: string, index: number) =>
  `${BODY}${owner}:${fingerprint}:${String(index).padStart(2, "0")}`;

export const HEAD_AND_WAITING = withPrefix(HEAD);
export const EVENTS = withPrefix(EVENT);
export const HOURS = withPrefix(HOUR_KEY);
export const BODIES = withPrefix(BODY);
export const QUARANTINED = withPrefix(QUARANTINE);

const SUBJECT_DIGITS = 16;

/**
 * The key range of the identities of a chat's or ticket's events. Other subjects with the same hash share it, which
 * is very rare.
 */
export const identitiesOf = (subject: string) => withPrefix(IDENTITY + subject);

export const subjectOf = (id: string) => id.slice(0, SUBJECT_DIGITS);
export const chatSubject = (chatId: string) => hashed(["chat", chatId], SUBJECT_DIGITS);
export const ticketSubject = (ticketId: string) => hashed(["ticket", ticketId], SUBJECT_DIGITS);

const ID = /^[0-9a-f]{32}$/;

/** Whether a text from outside has the form of an event id, so it can be part of a key. */
export const isId = (text: string) => ID.test(text);
