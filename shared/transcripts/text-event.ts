import type { Problem } from "../core/errors.ts";
import type { NewEvent } from "../event-log/types.ts";
import { peopleIn } from "../people/people-in.ts";
import { fromTextChat } from "../schemas/from-text-chat.ts";
import { type MissingTranscript, type RawTextChat, StoredTextChat } from "../schemas/text-chat.ts";
import { validate } from "../schemas/validate.ts";
import { WebhookChatResponse } from "../schemas/webhook.ts";

/**
 * Makes the event of a thread's start or end on the Text platform. The event's id does not include a time, because
 * the webhook, the archive and v2 give different times.
 *
 * @param raw the stored content as JSON text, in the shape of {@link StoredTextChat}
 */
export function textEvent(
  raw: string,
  origin: NewEvent["origin"],
): { event: NewEvent } | { problems: Problem[] } {
  const stored = validate(StoredTextChat, JSON.parse(raw));
  if (!stored.success) return stored;
  const read = validate(WebhookChatResponse, fromTextChat(stored.output));
  if (!read.success) return read;
  const { chat } = read.output;
  const type = stored.output.action === "incoming_chat" ? "chat_started" : "chat_ended";
  const occurredAt = type === "chat_started" ? chat.started_timestamp : chat.ended_timestamp;
  return {
    event: { type, origin, subjectId: chat.id, once: true, occurredAt, raw, people: peopleIn(read.output) },
  };
}

/** The addresses of the people in the stored content of a start or an end. */
export function peopleInText(raw: string): readonly string[] {
  const read = textEvent(raw, "webhook");
  return "event" in read ? (read.event.people ?? []) : [];
}

/** Makes the stored content of a thread's end: the webhook's envelope, and the chat as LiveChat returned it. */
export function endedText(
  { envelope, receivedAt }: { envelope: string; receivedAt: string },
  { chat, missing }: { chat?: RawTextChat; missing?: MissingTranscript },
): string {
  return JSON.stringify({
    ...JSON.parse(envelope),
    received_at: receivedAt,
    ...(chat ? { chat } : { missing_transcript: missing }),
  });
}
