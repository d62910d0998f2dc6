import { after, hashed, ordered } from "../storage/keys.ts";

/**
 * One partition holds the whole log, so that one transaction can touch all of it: a deployment serves one LiveChat
 * account, and LiveChat's ids are unique in an account. These are its row keys.
 */
export const HEAD = "head";
export const PROBE = "probe";

/** Beside the head, so one range read gives both. */
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

export const HEAD_AND_WAITING = { from: HEAD, before: after(HEAD) };
export const EVENTS = { from: EVENT, before: after(EVENT) };
export const HOURS = { from: HOUR_KEY, before: after(HOUR_KEY) };
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

const ID = /^[0-9a-f]{32}$/;

/** Whether a text from outside can be an id at all, and so be put into a key. */
export const isId = (text: string) => ID.test(text);
