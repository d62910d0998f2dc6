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
  /** What the webhook's `secret_key` may be. */
  secrets: readonly string[];
};

/** `ended` is the thread whose transcript is to be fetched now. */
type EndReceipt = Receipt & { ended?: string };

/**
 * Takes one delivery of the Text platform whose URL had the right key. A start goes into the log. An end comes with ids
 * only, and is kept until its transcript is there; then it goes into the log, whole.
 *
 * @throws {InvalidInput} when the body is not JSON in UTF-8
 * @throws {Unauthorized} when its `secret_key` is not ours
 * @throws {StorageUnavailable} when it could not be kept in time; LiveChat sends it again within a minute
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
  // The id that the event will have in the log.
  const id = identify(event);
  if (!(await transcripts.keep(end))) return { status: "duplicate", id };
  // Looked up after it is kept: the event may have come into the log, and what was kept of another delivery gone, just before.
  const known = (await log.firstEventsOf(end.threadId)).get("chat_ended");
  if (!known) return { status: "stored", id, ended: end.threadId };
  await transcripts.forget(end.threadId);
  return { status: "duplicate", id: known.id };
}

/** An envelope fits into a few hundred bytes; of a larger one, only the known fields are kept. */
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
