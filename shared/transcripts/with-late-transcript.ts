import { readPayload } from "../event-log/payload.ts";
import type { ChatState } from "../event-log/types.ts";
import type { WebhookChatResponse } from "../schemas/webhook.ts";
import type { Transcripts } from "./transcripts.ts";

/** Adds a late transcript to a chat whose end entered the log without one. The stored event does not change. */
export async function withLateTranscript<Chat extends ChatState>(
  chat: Chat,
  transcripts: Pick<Transcripts, "late">,
): Promise<Chat> {
  if (chat.payload?.chat?.missing_transcript !== "failed") return chat;
  const raw = await transcripts.late(chat.chatId);
  const late = raw === undefined ? undefined : readPayload("chat_ended", raw);
  return late ? { ...chat, payload: late.payload as WebhookChatResponse } : chat;
}
