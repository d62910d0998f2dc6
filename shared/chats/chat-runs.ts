import type { TableClient } from "@azure/data-tables";
import { readHistory } from "../reconcile/history.ts";
import type { ChatRun, ChatRunHistory, RunReport } from "../schemas/reconcile.ts";
import { chatRecords } from "./chat-sink.ts";

/** The last runs of the reconciliation of chats, newest first. @param limit 1 to 100; the last 100 runs are kept */
export async function chatRuns(table: TableClient, query: { limit?: number } = {}): Promise<ChatRunHistory> {
  const { runs, progress } = await readHistory(chatRecords(table), query);
  return {
    runs: runs.map(({ number, ...report }) => ({ number, ...toChatRun(report) })),
    ...(progress && { progress: { startedAt: progress.startedAt, page: progress.page } }),
  };
}

/** The fields of a report that apply to chats. Chats are stored only in the log, so no chat is changed or deleted. */
export function toChatRun(report: RunReport): Omit<ChatRun, "number"> {
  const { outcome, reason, code, startedAt, durationMs, throttledMs, calls, recovered, unchanged } = report;
  return { outcome, reason, code, startedAt, durationMs, throttledMs, calls, recovered, unchanged };
}
