import type { TableClient } from "@azure/data-tables";
import { ChatAnonymized, InvalidInput, NotFound, TooLarge, TooManyRequests } from "../core/errors.ts";
import type { EventLog } from "../event-log/event-log.ts";
import { readPayload } from "../event-log/payload.ts";
import type { ChatState } from "../event-log/types.ts";
import type { ChatReader } from "../livechat/live-chat.ts";
import { type AttemptResult, FIRST_PAUSE, openPending, type Pending } from "../pending/pending.ts";
import type { RawTextChat } from "../schemas/text-chat.ts";
import type { WebhookChatResponse } from "../schemas/webhook.ts";
import { unpack } from "../storage/body.ts";
import { type Fetched, nextTranscriptStep, type WaitingEnd } from "./next-step.ts";
import {
  type EndedThread,
  putShown,
  readShown,
  STORE_OF_TRANSCRIPTS,
  TRANSCRIPTS_PARTITION,
} from "./store.ts";
import { endedText, textEvent } from "./text-event.ts";

type TranscriptsOptions = {
  table: TableClient;
  log: Pick<EventLog, "append" | "firstEventsOf">;
  /** Absent with v2, which has no call to read transcripts. */
  chats?: Pick<ChatReader, "getChat">;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with an error that neither LiveChat nor storage caused. */
  onDefect?: (error: unknown) => void;
};

type KeptEnd = EndedThread & Pick<WaitingEnd, "state">;
/** An end that is stored until its transcript is in the log, or is no longer expected. */
export type PendingEnd = Pending<KeptEnd>;
/** How an end entered the log. `waiting`: it still waits for its transcript. */
type EndOutcome = "withTranscript" | "withoutTranscript" | "waiting";

export type Transcripts = ReturnType<typeof openTranscripts>;

/**
 * Stores the ends of threads, which the Text platform's webhooks report with ids only, and fetches their transcripts.
 */
export function openTranscripts({ table, log, chats, now, onDefect }: TranscriptsOptions) {
  const pending = openPending<KeptEnd, EndOutcome>({
    table,
    partitionKey: TRANSCRIPTS_PARTITION,
    kind: "thread",
    name: STORE_OF_TRANSCRIPTS,
    outcomes: { withTranscript: 0, withoutTranscript: 0, waiting: 0 },
    // An end that is already in the log does not count as waiting.
    waitingAs: ({ state }) => (state === "waiting" ? state : undefined),
    attempt,
    now,
    onDefect,
  });

  /** Fetches the transcript, and carries out the next step. */
  async function attempt(end: PendingEnd, signal?: AbortSignal): Promise<AttemptResult<KeptEnd, EndOutcome>> {
    const { threadId, attempts, state } = end;
    // When the reconciliation of chats was faster, this saves a billed call.
    const isRepeated = state === "waiting" && attempts > 1;
    if (isRepeated && (await log.firstEventsOf(threadId)).has("chat_ended")) return {};
    const { fetched, chat } = await fetchTranscript(end, signal);
    const waiting = { state, attempts, receivedAt: Date.parse(end.receivedAt) };
    const step = nextTranscriptStep(waiting, fetched, now());
    switch (step.do) {
      case "append":
        await appendWithTranscript(end, chat);
        return { outcome: "withTranscript" };
      case "append without transcript": {
        await append(endedText(end, { missing: step.missing }));
        const late = { at: now() + FIRST_PAUSE, changes: { state: "late" as const } };
        return { outcome: "withoutTranscript", ...(step.keepLooking && { again: late }) };
      }
      case "store late":
        await putShown(table, end, endedText(end, { chat }));
        return {};
      case "forget":
        return {};
      case "retry":
        return { again: step };
    }
  }

  async function fetchTranscript(
    { chatId, threadId, attempts }: PendingEnd,
    signal?: AbortSignal,
  ): Promise<{ fetched: Fetched; chat?: RawTextChat }> {
    // The app was moved back to v2, and a webhook of the Text platform still exists.
    if (!chats) return { fetched: "no reader" };
    try {
      const chat = await chats.getChat(chatId, threadId, { priority: "background", signal });
      // Right after its end, LiveChat may still show a thread as active, with an incomplete transcript. The next
      // attempt gets the complete one.
      const isWhole = chat.thread.active !== true || attempts > 1;
      return chat.thread.id === threadId && isWhole ? { fetched: "there", chat } : { fetched: "failed" };
    } catch (error) {
      if (error instanceof ChatAnonymized) return { fetched: "anonymized" };
      if (error instanceof TooManyRequests) return { fetched: "refused" };
      return { fetched: error instanceof NotFound ? "gone" : "failed" };
    }
  }

  /** Appends the end with its transcript, or with its ids only when the log cannot store the transcript. */
  async function appendWithTranscript(end: PendingEnd, chat: RawTextChat | undefined): Promise<void> {
    try {
      await append(endedText(end, { chat }));
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof TooLarge)) throw error;
      await append(endedText(end, { missing: "failed" }));
    }
  }

  /** @throws {InvalidInput} {TooLarge} when the log cannot store the content */
  async function append(raw: string): Promise<void> {
    const read = textEvent(raw, "webhook");
    if ("problems" in read) throw new InvalidInput("The chat does not match its schema.", read);
    await log.append(read.event);
  }

  return {
    ...pending,
    /** Stores an end durably; `false` when it was stored before. @throws {StorageUnavailable} */
    keep: (end: EndedThread) => pending.keep(end.threadId, { ...end, state: "waiting" }),

    /** Adds a late transcript to a chat whose end entered the log without one. The stored event does not change. */
    async withLateTranscript<Chat extends ChatState>(chat: Chat): Promise<Chat> {
      if (chat.payload?.chat?.missing_transcript !== "failed") return chat;
      const row = await readShown(table, chat.chatId);
      const late = row && readPayload("chat_ended", await unpack(row));
      return late ? { ...chat, payload: late.payload as WebhookChatResponse } : chat;
    },
  };
}
