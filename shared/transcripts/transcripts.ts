import type { TableClient } from "@azure/data-tables";
import { InvalidInput, NotFound, TooLarge } from "../core/errors.ts";
import type { EventLog } from "../event-log/types.ts";
import type { ChatReader } from "../livechat/live-chat.ts";
import { ChatAnonymized } from "../livechat/text/chat-anonymized.ts";
import { textEvent } from "../receive/text-event.ts";
import type { MissingTranscript, ToldTextChat } from "../schemas/text-chat.ts";
import type { Row } from "../storage/rows.ts";
import { type Asked, FIRST_PAUSE, nextStep } from "./next-step.ts";
import {
  changeDue,
  createDue,
  type DueRow,
  type EndedThread,
  putShown,
  rawOf,
  readDue,
  readDues,
  readShown,
  removeDue,
} from "./store.ts";

export type TranscriptsOptions = {
  table: TableClient;
  log: Pick<EventLog, "append" | "told">;
  /** Absent where LiveChat's API has no transcripts to read. */
  chats?: Pick<ChatReader, "getChat">;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with an error that neither LiveChat nor storage caused. */
  onDefect?: (error: unknown) => void;
};

export type Settled = { told: number; bare: number; waiting: number };

/** The ends of threads, which the Text platform's webhooks report with ids only, and their transcripts. */
export type Transcripts = {
  /** Keeps an end. When this resolves, it is durable. `false` when it was kept before. @throws {StorageUnavailable} */
  keep(end: EndedThread): Promise<boolean>;
  /** Forgets an end that was kept for an event which the log holds already. @throws {StorageUnavailable} */
  forget(threadId: string): Promise<void>;
  /** The first attempt, by who kept it. Never fails: a timer makes the next. */
  settle(threadId: string): Promise<void>;
  /** Goes on with those that are due; with `all`, with every one that is kept. */
  settleDue(options: { budgetMs: number; all?: boolean }): Promise<Settled>;
  /** The transcript of a thread that came when its end was in the log already: as the log would have kept it. */
  late(threadId: string): Promise<string | undefined>;
};

export function openTranscripts({ table, log, chats, now, onDefect }: TranscriptsOptions): Transcripts {
  const toIso = (time: number) => new Date(time).toISOString();

  /** Fetches the transcript for a row that is ours for now, and takes the next step. */
  async function attempt(row: Row<DueRow>, signal?: AbortSignal): Promise<keyof Settled | undefined> {
    const { threadId, attempts, state } = row;
    const waiting = { state, attempts, receivedAt: Date.parse(row.receivedAt) };
    const { asked, chat } = await ask(row, signal);
    const step = chats ? nextStep(waiting, asked, now()) : NO_READER;
    switch (step.do) {
      case "tell":
        await tell(row, chat);
        await removeDue(table, threadId);
        return "told";
      case "tell bare":
        await append(toRaw(row, { missing: step.missing }));
        if (step.keepLooking)
          await changeDue(table, row, { state: "late", dueAt: toIso(now() + FIRST_PAUSE) });
        else await removeDue(table, threadId);
        return "bare";
      case "show": {
        const raw = toRaw(row, { chat });
        const read = textEvent(raw, "webhook");
        await putShown(table, row, raw, "event" in read ? (read.event.people ?? []) : []);
        await removeDue(table, threadId);
        return undefined;
      }
      case "forget":
        await removeDue(table, threadId);
        return undefined;
      case "again":
        await changeDue(table, row, { dueAt: toIso(step.at) });
        return state === "late" ? undefined : "waiting";
    }
  }

  async function ask(
    { chatId, threadId, attempts }: DueRow,
    signal?: AbortSignal,
  ): Promise<{ asked: Asked; chat?: ToldTextChat }> {
    try {
      const chat = await chats?.getChat(chatId, threadId, { priority: "background", signal });
      // Right after its end a thread may still be shown as active, and its transcript lack the end. That does not last.
      const isWhole = chat?.thread.active !== true || attempts > 1;
      return chat?.thread.id === threadId && isWhole ? { asked: "there", chat } : { asked: "failed" };
    } catch (error) {
      if (error instanceof ChatAnonymized) return { asked: "anonymized" };
      if (error instanceof NotFound) return { asked: "gone" };
      return { asked: "failed" };
    }
  }

  /** Puts the end into the log with its transcript, or with its ids alone when the log cannot take that. */
  async function tell(row: DueRow, chat: ToldTextChat | undefined): Promise<void> {
    try {
      await append(toRaw(row, { chat }));
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof TooLarge)) throw error;
      await append(toRaw(row, { missing: "failed" }));
    }
  }

  /** @throws {InvalidInput} {TooLarge} when the log cannot take it */
  async function append(raw: string): Promise<void> {
    const read = textEvent(raw, "webhook");
    if ("problems" in read) throw new InvalidInput("The chat is not understood.", read);
    await log.append(read.event);
  }

  async function claim(row: Row<DueRow>): Promise<Row<DueRow> | undefined> {
    return changeDue(table, row, { attempts: row.attempts + 1, dueAt: toIso(now() + FIRST_PAUSE) });
  }

  return {
    keep(end) {
      return createDue(table, end, { receivedAt: toIso(now()), dueAt: toIso(now() + FIRST_PAUSE) });
    },
    async forget(threadId) {
      await removeDue(table, threadId);
    },
    async settle(threadId) {
      try {
        const row = await readDue(table, threadId);
        if (row) await attempt(row);
      } catch (error) {
        onDefect?.(error);
      }
    },
    async settleDue({ budgetMs, all = false }) {
      const end = now() + budgetMs;
      const settled: Settled = { told: 0, bare: 0, waiting: 0 };
      for await (const found of readDues(table)) {
        const isDue = found.dueAt <= toIso(now()) || all;
        if (!isDue || now() >= end) {
          if (found.state === "waiting") settled.waiting++;
          continue;
        }
        const row = await claim(found);
        // The reconciliation of chats may have been faster, and saves a call that is billed.
        if (row?.state === "waiting" && (await log.told(row.threadId)).has("chat_ended")) {
          await removeDue(table, row.threadId);
          continue;
        }
        const outcome = row && (await attempt(row, AbortSignal.timeout(Math.max(1, end - now()))));
        if (outcome) settled[outcome]++;
      }
      return settled;
    },
    async late(threadId) {
      const row = await readShown(table, threadId);
      return row && rawOf(row);
    },
  };
}

/** With the API v2 no transcript can be read: the app moved back, and the webhook of the Text platform is still there. */
const NO_READER = { do: "tell bare", missing: "failed", keepLooking: false } as const;

/** What the log keeps of an end: the webhook's envelope, and the chat as it was told. */
export function toRaw(
  { envelope, receivedAt }: Pick<DueRow, "envelope" | "receivedAt">,
  { chat, missing }: { chat?: ToldTextChat; missing?: MissingTranscript },
): string {
  return JSON.stringify({
    ...JSON.parse(envelope),
    received_at: receivedAt,
    ...(chat && { chat }),
    ...(missing && { missing_transcript: missing }),
  });
}
