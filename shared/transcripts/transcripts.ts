import type { TableClient } from "@azure/data-tables";
import { ChatAnonymized, InvalidInput, NotFound, TooLarge } from "../core/errors.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { ChatReader } from "../livechat/live-chat.ts";
import { type AttemptResult, FIRST_PAUSE, openPending, type Pending } from "../pending/pending.ts";
import type { MissingTranscript, ToldTextChat } from "../schemas/text-chat.ts";
import { unpack } from "../storage/body.ts";
import { type Asked, nextTranscriptStep, type Waiting } from "./next-step.ts";
import {
  type EndedThread,
  putShown,
  readShown,
  STORE_OF_TRANSCRIPTS,
  TRANSCRIPTS_PARTITION,
} from "./store.ts";
import { textEvent } from "./text-event.ts";

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

type KeptEnd = EndedThread & Pick<Waiting, "state">;
/** An end that is stored until its transcript is in the log or given up. */
export type PendingEnd = Pending<KeptEnd>;

export type Transcripts = ReturnType<typeof openTranscripts>;

/**
 * Stores the ends of threads, which the Text platform's webhooks report with ids only, and fetches their transcripts.
 */
export function openTranscripts({ table, log, chats, now, onDefect }: TranscriptsOptions) {
  const pending = openPending<KeptEnd, "told" | "bare" | "waiting">({
    table,
    partitionKey: TRANSCRIPTS_PARTITION,
    kind: "thread",
    name: STORE_OF_TRANSCRIPTS,
    outcomes: { told: 0, bare: 0, waiting: 0 },
    idle,
    attempt,
    now,
    onDefect,
  });

  /** Fetches the transcript, and carries out the next step. */
  async function attempt(
    end: PendingEnd,
    signal?: AbortSignal,
  ): Promise<AttemptResult<KeptEnd, "told" | "bare" | "waiting">> {
    const { threadId, attempts, state } = end;
    // When the reconciliation of chats was faster, this saves a billed call.
    const isRepeated = state === "waiting" && attempts > 1;
    if (isRepeated && (await log.firstEventsOf(threadId)).has("chat_ended")) return {};
    const { asked, chat } = await ask(end, signal);
    const waiting = { state, attempts, receivedAt: Date.parse(end.receivedAt) };
    const step = chats ? nextTranscriptStep(waiting, asked, now()) : NO_READER;
    switch (step.do) {
      case "tell":
        await tell(end, chat);
        return { outcome: "told" };
      case "tell bare": {
        await append(toRaw(end, { missing: step.missing }));
        const late = { at: now() + FIRST_PAUSE, changes: { state: "late" as const } };
        return { outcome: "bare", ...(step.keepLooking && { again: late }) };
      }
      case "show": {
        const raw = toRaw(end, { chat });
        const read = textEvent(raw, "webhook");
        await putShown(table, end, raw, "event" in read ? (read.event.people ?? []) : []);
        return {};
      }
      case "forget":
        return {};
      case "again":
        return { outcome: idle(end), again: step };
    }
  }

  async function ask(
    { chatId, threadId, attempts }: PendingEnd,
    signal?: AbortSignal,
  ): Promise<{ asked: Asked; chat?: ToldTextChat }> {
    try {
      const chat = await chats?.getChat(chatId, threadId, { priority: "background", signal });
      // Right after its end, LiveChat may still show a thread as active, with an incomplete transcript. The next
      // attempt gets the complete one.
      const isWhole = chat?.thread.active !== true || attempts > 1;
      return chat?.thread.id === threadId && isWhole ? { asked: "there", chat } : { asked: "failed" };
    } catch (error) {
      if (error instanceof ChatAnonymized) return { asked: "anonymized" };
      return { asked: error instanceof NotFound ? "gone" : "failed" };
    }
  }

  /** Appends the end with its transcript; with its ids only when the log cannot store the transcript. */
  async function tell(end: PendingEnd, chat: ToldTextChat | undefined): Promise<void> {
    try {
      await append(toRaw(end, { chat }));
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof TooLarge)) throw error;
      await append(toRaw(end, { missing: "failed" }));
    }
  }

  /** @throws {InvalidInput} {TooLarge} when the log cannot store it */
  async function append(raw: string): Promise<void> {
    const read = textEvent(raw, "webhook");
    if ("problems" in read) throw new InvalidInput("The chat is not understood.", read);
    await log.append(read.event);
  }

  return {
    ...pending,
    /** Stores an end durably; `false` when it was stored before. @throws {StorageUnavailable} */
    keep: (end: EndedThread) => pending.keep(end.threadId, { ...end, state: "waiting" }),
    /** The transcript that came after the thread's end was in the log, in the form of a stored event. */
    async late(threadId: string): Promise<string | undefined> {
      const row = await readShown(table, threadId);
      return row && unpack(row);
    },
  };
}

/** An end that is already in the log does not count as waiting. */
const idle = ({ state }: KeptEnd) => (state === "waiting" ? state : undefined);

/**
 * Without a reader no transcript can be fetched: the app was moved back to v2, and a webhook of the Text platform
 * still exists.
 */
const NO_READER = { do: "tell bare", missing: "failed", keepLooking: false } as const;

/** The stored content of an end: the webhook's envelope, and the chat as LiveChat returned it. */
export function toRaw(
  { envelope, receivedAt }: Pick<PendingEnd, "envelope" | "receivedAt">,
  { chat, missing }: { chat?: ToldTextChat; missing?: MissingTranscript },
): string {
  return JSON.stringify({
    ...JSON.parse(envelope),
    received_at: receivedAt,
    ...(chat && { chat }),
    ...(missing && { missing_transcript: missing }),
  });
}
