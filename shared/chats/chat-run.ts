import type { ChatRun, RunReport } from "../schemas/reconcile.ts";

/** The fields of a report that apply to chats. Chats are stored only in the log, so no chat is changed or deleted. */
export function toChatRun(report: RunReport): Omit<ChatRun, "number"> {
  const { outcome, reason, code, startedAt, durationMs, throttledMs, calls, recovered, unchanged } = report;
  return {
    ...{ outcome, ...(reason !== undefined && { reason }), ...(code !== undefined && { code }), startedAt },
    ...{ durationMs, throttledMs, calls, recovered, unchanged },
  };
}
