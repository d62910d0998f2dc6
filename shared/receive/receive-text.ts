import type { Credentials } from "../core/credentials.ts";
import { isObject } from "../core/is-object.ts";
import { tooComplex } from "../event-log/complexity.ts";
import { cutMembers } from "../event-log/cut-members.ts";
import type { EventLog } from "../event-log/event-log.ts";
import { identify } from "../event-log/identity.ts";
import type { NewEvent } from "../event-log/types.ts";
import { EVENT_OF_ACTION } from "../schemas/text-chat.ts";
import type { EventType } from "../schemas/webhook.ts";
import type { EndedThread } from "../transcripts/store.ts";
import { textEvent } from "../transcripts/text-event.ts";
import type { Transcripts } from "../transcripts/transcripts.ts";
import { parseJson, quarantine, type Received, type Rejection } from "./delivery.ts";
import { receiveAnnouncement } from "./receive-announcement.ts";
import { verifyKey } from "./verify-sender.ts";

type TextParts = {
  log: Pick<EventLog, "append" | "firstEventsOf" | "quarantine">;
  transcripts: Pick<Transcripts, "keep" | "forget" | "settle">;
  /** Their passwords are accepted as `secret_key`. */
  credentials: readonly Credentials[];
};

/**
 * Receives a delivery of the Text platform whose URL had the right key. A start enters the log. An end has ids only:
 * it is stored until its transcript is fetched, and then enters the log complete.
 *
 * @throws {InvalidInput} when the text is not JSON
 * @throws {Unauthorized} when its `secret_key` is wrong
 * @throws {StorageUnavailable} when it could not be stored in time; LiveChat repeats the delivery within a minute
 */
export async function receiveText(
  text: string,
  { log, transcripts, credentials }: TextParts,
): Promise<Received> {
  const envelope = parseJson(text);
  const { secret_key, action } = isObject(envelope) ? envelope : {};
  verifyKey(typeof secret_key === "string" ? secret_key : undefined, credentials);
  const raw = cutMembers(text, ["secret_key"]);
  const type = EVENT_OF_ACTION.get(action);
  const read = readTextDelivery(raw, type);
  if (!("event" in read)) return quarantine(log, { raw, expected: type ?? "chat_started", ...read });
  if (read.event.type === "chat_started") {
    const { status, id } = await log.append(read.event);
    return { type: "chat_started", status, id };
  }
  const item = endedThread(raw);
  const itemId = item.threadId;
  return receiveAnnouncement({
    event: { type: "chat_ended", id: identify(read.event) },
    item,
    itemId,
    pending: transcripts,
    find: async () => (await log.firstEventsOf(itemId)).get("chat_ended"),
  });
}

/** The longest envelope that is stored unchanged. A normal one has a few hundred characters. */
const MAX_ENVELOPE_LENGTH = 8 * 1024;

function endedThread(raw: string): EndedThread {
  const { action, organization_id, payload } = JSON.parse(raw);
  const { chat_id, thread_id, user_id } = payload;
  const known = { action, organization_id, payload: { chat_id, thread_id, user_id } };
  return {
    chatId: String(chat_id),
    threadId: String(thread_id),
    envelope: raw.length <= MAX_ENVELOPE_LENGTH ? raw : JSON.stringify(known),
  };
}

function readTextDelivery(raw: string, type: EventType | undefined): { event: NewEvent } | Rejection {
  if (type === undefined) {
    const problems = [{ path: "action", message: "action is neither incoming_chat nor chat_deactivated." }];
    return { reason: "This URL is for the start and the end of chats.", problems };
  }
  const reason = tooComplex(raw);
  if (reason !== undefined) return { reason, problems: [{ path: "", message: reason }] };
  const read = textEvent(raw, "webhook");
  return "event" in read ? read : { reason: `The delivery does not have the shape of ${type}.`, ...read };
}
