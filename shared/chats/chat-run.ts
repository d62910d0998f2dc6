import type { ChatRun, RunReport } from "../schemas/reconcile.ts";

/** The part of a report that has a meaning for chats: they are not stored beside the log, so none changes or is deleted. */
export function toChatRun(report: RunReport): Omit<ChatRun, "number"> {
  const { outcome, reason, code, startedAt, durationMs, throttledMs, calls, recovered, unchanged } = report;
  return {
    ...{ outcome, ...(reason !== undefined && { reason }), ...(code !== undefined && { code }), startedAt },
    ...{ durationMs, throttledMs, calls, recovered, unchanged },
  };
}
