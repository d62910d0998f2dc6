import type { TableClient } from "@azure/data-tables";
import { toIso } from "../core/time.ts";
import { inGroups } from "../core/values.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { ChatReader } from "../livechat/live-chat.ts";
import { reconcile } from "../reconcile/reconcile.ts";
import type { RunReport } from "../schemas/reconcile.ts";
import { endedText, textEvent } from "../transcripts/text-event.ts";
import { chatSink } from "./chat-sink.ts";
import { chatSource, type FoundThread } from "./chat-source.ts";

type ChatReconciliation = {
  table: TableClient;
  log: Pick<EventLog, "append" | "firstEventsOf">;
  chats: ChatReader;
  holder: string;
  budgetMs: number;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/**
 * Adds the starts and ends of chats that no webhook reported to the log. LiveChat repeats a delivery for only a minute,
 * so a webhook may be lost. The log stores each event once, even when the webhook and the reconciliation both add it.
 *
 * @throws the errors of `reconcile`
 */
export function reconcileChats({ table, log, chats, ...options }: ChatReconciliation): Promise<RunReport> {
  const firstEventsOf = (threadId: string) => log.firstEventsOf(threadId);

  /**
   * Appends the missing events of a thread. An event that does not fit its schema stays missing, and does not stop the
   * other threads.
   */
  async function append(thread: FoundThread): Promise<"stored" | "duplicate"> {
    const known = await firstEventsOf(thread.threadId);
    // A chat that was erased stays erased: its end is added with ids only.
    const isErased = [...known.values()].some((event) => event.isErased);
    const { chat: _, ...ids } = thread;
    let outcome: "stored" | "duplicate" = "duplicate";
    for (const raw of contentsOf(isErased ? ids : thread, options.now)) {
      const read = textEvent(raw, "reconcile");
      if ("problems" in read || known.has(read.event.type)) continue;
      if ((await log.append(read.event)).status === "stored") outcome = "stored";
    }
    return outcome;
  }

  return reconcile({
    ...options,
    source: chatSource(chats, firstEventsOf),
    sink: chatSink(table, firstEventsOf),
    isLog: true,
    appendCreated: (threads) => Array.fromAsync(inGroups(threads, THREADS_AT_ONCE, append)),
  });
}

/** How many threads are appended at once, so their events share transactions of the log. */
const THREADS_AT_ONCE = 24;

/** The stored contents of a thread's start and end, in the form of webhook deliveries. */
function contentsOf({ chatId, threadId, isOver, chat, missing }: FoundThread, now: () => number): string[] {
  const contents: string[] = [];
  if (chat) contents.push(JSON.stringify({ action: "incoming_chat", payload: { chat } }));
  if (isOver) {
    const payload = { chat_id: chatId, thread_id: threadId };
    const envelope = JSON.stringify({ action: "chat_deactivated", payload });
    contents.push(endedText({ envelope, receivedAt: toIso(now()) }, { chat, missing: missing ?? "gone" }));
  }
  return contents;
}
