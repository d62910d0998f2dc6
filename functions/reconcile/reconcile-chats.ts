import { toChatRun } from "../../shared/chats/chat-runs.ts";
import { reconcileChats } from "../../shared/chats/reconcile-chats.ts";
import { Conflict } from "../../shared/core/errors.ts";
import { ChatRunReport } from "../../shared/schemas/reconcile.ts";
import { liveChatErrors, storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import type { Services } from "../services.ts";
import { HTTP_BUDGET } from "./run-tickets.ts";

/** The share of a run's time for ends that wait for their transcript. The rest is for reading chats. */
const TRANSCRIPTS_SHARE = 0.5;

/**
 * Fetches the transcripts of waiting ends, and adds missed chats to the log.
 *
 * @param all true (for an operator) tries all waiting ends; false tries only the due ones
 * @throws {Conflict} with v2, which cannot list chats; or while another run is in progress
 */
export async function reconcileChatsOf(
  { eventsTable: table, eventLog: log, chatReader: chats, transcripts, now }: Services,
  { holder, budgetMs, all }: { holder: string; budgetMs: number; all: boolean },
): Promise<ChatRunReport> {
  if (!chats) {
    throw new Conflict(
      "LiveChat's API v2 cannot list chats. Missed chats can be found only with LIVECHAT_API=text.",
    );
  }
  const end = now() + budgetMs;
  const settled = await transcripts.settleDue({ budgetMs: budgetMs * TRANSCRIPTS_SHARE, all });
  const left = Math.max(1, end - now());
  const report = await reconcileChats({ table, log, chats, now, holder, budgetMs: left });
  return { ...toChatRun(report), transcripts: settled };
}

export const reconcileChatsNow = operation({
  id: "ReconcileChats",
  description:
    "Finds chats whose start or end no webhook reported, and adds these events to the log, as the timer does. Only the Text platform can list chats.",
  tag: "Reconciliation",
  method: "POST",
  route: "reconcile/chats",
  input: {},
  output: { status: 200, description: "The report of the run.", schema: ChatRunReport },
  errors: [...liveChatErrors, ...storageErrors],
  run: async (_, services) => {
    const holder = "ReconcileChats, called over HTTP";
    return { body: await reconcileChatsOf(services, { holder, budgetMs: HTTP_BUDGET, all: true }) };
  },
});
