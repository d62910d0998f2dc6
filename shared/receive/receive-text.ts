import type { Credentials } from "../core/settings.ts";
import { isObject } from "../core/values.ts";
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
import { oddIds, parseJson, quarantine, type Received, type Rejection } from "./delivery.ts";
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
  const { event, ended } = read;
  if (!ended) {
    const { status, id } = await log.append(event);
    return { type: "chat_started", status, id };
  }
  const itemId = ended.threadId;
  return receiveAnnouncement({
    event: { type: "chat_ended", id: identify(event) },
    item: ended,
    itemId,
    pending: transcripts,
    find: async () => (await log.firstEventsOf(itemId)).get("chat_ended"),
  });
}

/** An event of a chat, and for an end also the item to store until the transcript is fetched. */
type ReadText = { event: NewEvent; ended?: EndedThread } | Rejection;

function readTextDelivery(raw: string, type: EventType | undefined): ReadText {
  if (type === undefined) {
    const problems = [{ path: "action", message: "action is neither incoming_chat nor chat_deactivated." }];
    return { reason: "This URL is for the start and the end of chats.", problems };
  }
  const message = tooComplex(raw);
  if (message !== undefined) return { reason: message, problems: [{ path: "", message }] };
  const read = textEvent(raw, "webhook");
  const reason = `The delivery does not have the shape of ${type}.`;
  if (!("event" in read)) return { reason, ...read };
  if (type === "chat_started") return read;
  const ended = endedThread(raw);
  const problems = oddIds({ "payload.chat_id": ended.chatId, "payload.thread_id": ended.threadId });
  return problems.length > 0 ? { reason, problems } : { ...read, ended };
}

/** The longest envelope that is stored unchanged. A normal one has a few hundred characters. */
const MAX_ENVELOPE_LENGTH = 8 * 1024;

/** A longer envelope is stored with its ids only. */
function endedThread(raw: string): EndedThread {
  const { action, organization_id, payload } = JSON.parse(raw);
  const { chat_id, thread_id, user_id } = payload;
  const short = {
    action,
    organization_id: unlessOdd(organization_id),
    payload: { chat_id, thread_id, user_id: unlessOdd(user_id) },
  };
  return {
    chatId: String(chat_id),
    threadId: String(thread_id),
    envelope: raw.length <= MAX_ENVELOPE_LENGTH ? raw : JSON.stringify(short),
  };
}

function unlessOdd(id: unknown): unknown {
  const isId = typeof id === "string" || typeof id === "number";
  return isId && oddIds({ id: String(id) }).length === 0 ? id : undefined;
}
