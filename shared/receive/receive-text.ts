import type { Problem } from "../core/errors.ts";
import { tooComplex } from "../event-log/complexity.ts";
import { cutMembers } from "../event-log/cut-members.ts";
import type { EventLog } from "../event-log/event-log.ts";
import { identify } from "../event-log/identity.ts";
import type { NewEvent } from "../event-log/types.ts";
import type { Receipt } from "../schemas/receipt.ts";
import { EVENT_OF_ACTION } from "../schemas/text-chat.ts";
import { isObject } from "../schemas/vocabulary.ts";
import type { EventType } from "../schemas/webhook.ts";
import type { EndedThread } from "../transcripts/store.ts";
import { textEvent } from "../transcripts/text-event.ts";
import type { Transcripts } from "../transcripts/transcripts.ts";
import { decodeUtf8, parseJson } from "./read-body.ts";
import { quarantine } from "./receive.ts";
import { verifyKey } from "./verify-sender.ts";

type TextParts = {
  log: Pick<EventLog, "append" | "firstEventsOf" | "quarantine">;
  transcripts: Pick<Transcripts, "keep" | "forget">;
  /** The passwords that `secret_key` may have. */
  secrets: readonly string[];
};

/** `ended` is the id of the thread whose transcript must be fetched now. */
type EndReceipt = Receipt & { ended?: string };

/**
 * Receives a delivery of the Text platform whose URL had the right key. A start enters the log. An end has ids only:
 * it is stored until its transcript is fetched, and then enters the log complete.
 *
 * @throws {InvalidInput} when the body is not JSON in UTF-8
 * @throws {Unauthorized} when its `secret_key` is wrong
 * @throws {StorageUnavailable} when it could not be stored in time; LiveChat repeats the delivery within a minute
 */
export async function receiveText(
  body: Uint8Array,
  { log, transcripts, secrets }: TextParts,
): Promise<EndReceipt & { type: EventType }> {
  const text = decodeUtf8(body);
  const envelope = parseJson(text);
  const { secret_key, action } = isObject(envelope) ? envelope : {};
  verifyKey(typeof secret_key === "string" ? secret_key : undefined, secrets);
  const raw = cutMembers(text, ["secret_key"]);
  const type = EVENT_OF_ACTION.get(action);
  const read = readTextDelivery(raw, type);
  if ("problems" in read) {
    const expected = type ?? "chat_started";
    return { ...(await quarantine(log, { raw, expected, ...read })), type: expected };
  }
  if (read.event.type === "chat_started") {
    const { status, id } = await log.append(read.event);
    return { status, id, type: "chat_started" };
  }
  return { ...(await keepEnd(read.event, { log, transcripts })), type: "chat_ended" };
}

async function keepEnd(
  event: NewEvent,
  { log, transcripts }: Omit<TextParts, "secrets">,
): Promise<EndReceipt> {
  const end = endedThread(event.raw);
  // The id of the event in the log.
  const id = identify(event);
  if (!(await transcripts.keep(end))) return { status: "duplicate", id };
  // Must come after the end is stored: a repeated delivery may have stored the event, and removed its own pending
  // end, just before.
  const known = (await log.firstEventsOf(end.threadId)).get("chat_ended");
  if (!known) return { status: "stored", id, ended: end.threadId };
  await transcripts.forget(end.threadId);
  return { status: "duplicate", id: known.id };
}

/** A normal envelope has a few hundred bytes. Of a larger one, only the known fields are stored. */
const LONGEST_ENVELOPE = 8 * 1024;

function endedThread(raw: string): EndedThread {
  const { action, organization_id, payload } = JSON.parse(raw);
  const { chat_id, thread_id, user_id } = payload;
  const known = { action, organization_id, payload: { chat_id, thread_id, user_id } };
  return {
    chatId: String(chat_id),
    threadId: String(thread_id),
    envelope: raw.length <= LONGEST_ENVELOPE ? raw : JSON.stringify(known),
  };
}

function readTextDelivery(
  raw: string,
  type: EventType | undefined,
): { event: NewEvent } | { reason: string; problems: Problem[] } {
  if (type === undefined) {
    const problems = [{ path: "action", message: "action is neither incoming_chat nor chat_deactivated." }];
    return { reason: "This URL is for the start and the end of chats.", problems };
  }
  const reason = tooComplex(raw);
  if (reason !== undefined) return { reason, problems: [{ path: "", message: reason }] };
  const read = textEvent(raw, "webhook");
  return "event" in read ? read : { reason: `The delivery does not have the shape of ${type}.`, ...read };
}
