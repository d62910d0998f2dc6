import { Conflict } from "../../shared/core/errors.ts";
import { ChatRunReport } from "../../shared/schemas/reconcile.ts";
import { liveChatErrors, storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import type { Services } from "../services.ts";
import { HTTP_BUDGET } from "./reconcile.ts";

/** The part of a run's time that ends which wait for their transcript may take before chats are read. */
const FOR_TRANSCRIPTS = 0.5;

/**
 * Goes on with the ends that wait for their transcript, and puts missed chats into the log.
 *
 * @param all whether ends are tried whose time has not come yet, since an operator asks for it
 * @throws {Conflict} with v2, which has nothing to read chats by; or when another run is going on
 */
export async function reconcileChatsOf(
  { reconcileChats, transcripts, now }: Services,
  { holder, budgetMs, all }: { holder: string; budgetMs: number; all: boolean },
): Promise<ChatRunReport> {
  if (!reconcileChats) {
    throw new Conflict(
      "LiveChat's API v2 lists no chats: only with LIVECHAT_API=text can missed ones be found.",
    );
  }
  const end = now() + budgetMs;
  const settled = await transcripts.settleDue({ budgetMs: budgetMs * FOR_TRANSCRIPTS, all });
  const report = await reconcileChats({ holder, budgetMs: Math.max(1, end - now()) });
  const { outcome, reason, startedAt, durationMs, throttledMs, calls, recovered, unchanged } = report;
  return {
    ...{ outcome, ...(reason !== undefined && { reason }), startedAt, durationMs, throttledMs },
    ...{ calls, recovered, unchanged, transcripts: settled },
  };
}

export const reconcileChatsNow = operation({
  id: "ReconcileChats",
  summary: "Reconcile chats",
  description:
    "Adds the starts and ends of chats that no webhook reported to the log now, as the timer does. Only with the Text platform.",
  tag: "Reconciliation",
  method: "POST",
  route: "reconcile/chats",
  access: "key",
  input: {},
  output: { status: 200, description: "The report of the run.", schema: ChatRunReport },
  errors: [...liveChatErrors, ...storageErrors],
  run: async (_, services) => {
    const holder = "ReconcileChats, called over HTTP";
    return { body: await reconcileChatsOf(services, { holder, budgetMs: HTTP_BUDGET, all: true }) };
  },
});
