import type * as v from "valibot";
import type { countEvents } from "../functions/events/count-events.ts";
import type { eraseChat } from "../functions/events/erase-chat.ts";
import type { getChat } from "../functions/events/get-chat.ts";
import type { getEvent } from "../functions/events/get-event.ts";
import type { listChats } from "../functions/events/list-chats.ts";
import type { listEvents } from "../functions/events/list-events.ts";
import type { getStatus } from "../functions/health/get-status.ts";
import type { eraseByBody } from "../functions/people/erase-by-body.ts";
import type { searchVisitor } from "../functions/people/search-visitor.ts";
import type { deleteQuarantined } from "../functions/quarantine/delete-quarantined.ts";
import type { getQuarantined } from "../functions/quarantine/get-quarantined.ts";
import type { listQuarantine } from "../functions/quarantine/list-quarantine.ts";
import type { replayQuarantined } from "../functions/quarantine/replay-quarantined.ts";
import type { listChatRuns } from "../functions/reconcile/list-chat-runs.ts";
import type { listReconcileRuns } from "../functions/reconcile/list-reconcile-runs.ts";
import type { reconcileChatsNow } from "../functions/reconcile/reconcile-chats.ts";
import type { reconcileTickets } from "../functions/reconcile/reconcile-tickets.ts";
import type { ensureRegistrationNow } from "../functions/registration/ensure-registration.ts";
import type { getRegistration } from "../functions/registration/get-registration.ts";
import type { getStoredTicket } from "../functions/stored-tickets/get-stored-ticket.ts";
import type { listStoredTickets } from "../functions/stored-tickets/list-stored-tickets.ts";
import type { deleteHook } from "../functions/subscriptions/delete-hook.ts";
import type { getSubscription } from "../functions/subscriptions/get-subscription.ts";
import type { listAttempts } from "../functions/subscriptions/list-attempts.ts";
import type { listSubscriptions } from "../functions/subscriptions/list-subscriptions.ts";
import type { replaySubscription } from "../functions/subscriptions/replay-subscription.ts";
import type { resumeSubscription } from "../functions/subscriptions/resume-subscription.ts";
import type { rollSecret } from "../functions/subscriptions/roll-secret.ts";
import type { sendAgain } from "../functions/subscriptions/send-again.ts";
import type { skipEvent } from "../functions/subscriptions/skip-event.ts";
import type { testSubscription } from "../functions/subscriptions/test-subscription.ts";

/** The operations that the console calls. Calls are typed by these declarations, so the compiler finds mismatches. */
type Operations = {
  GetStatus: typeof getStatus;
  ListEvents: typeof listEvents;
  GetEvent: typeof getEvent;
  CountEvents: typeof countEvents;
  ListAttempts: typeof listAttempts;
  ListChats: typeof listChats;
  GetChat: typeof getChat;
  EraseChat: typeof eraseChat;
  SearchVisitor: typeof searchVisitor;
  EraseByBody: typeof eraseByBody;
  ListStoredTickets: typeof listStoredTickets;
  GetStoredTicket: typeof getStoredTicket;
  ListSubscriptions: typeof listSubscriptions;
  GetSubscription: typeof getSubscription;
  SkipEvent: typeof skipEvent;
  SendAgain: typeof sendAgain;
  TestSubscription: typeof testSubscription;
  RollSecret: typeof rollSecret;
  ReplaySubscription: typeof replaySubscription;
  ResumeSubscription: typeof resumeSubscription;
  DeleteHook: typeof deleteHook;
  ListReconcileRuns: typeof listReconcileRuns;
  ListChatRuns: typeof listChatRuns;
  ReconcileTickets: typeof reconcileTickets;
  ReconcileChats: typeof reconcileChatsNow;
  GetRegistration: typeof getRegistration;
  EnsureRegistration: typeof ensureRegistrationNow;
  ListQuarantine: typeof listQuarantine;
  GetQuarantined: typeof getQuarantined;
  ReplayQuarantined: typeof replayQuarantined;
  DeleteQuarantined: typeof deleteQuarantined;
};

export type OperationId = keyof Operations;

type Part<Id extends OperationId, Name extends "path" | "query" | "body"> =
  Operations[Id]["input"] extends Record<Name, infer Schema extends v.GenericSchema>
    ? { [Key in Name]: v.InferInput<Schema> }
    : { [Key in Name]?: undefined };

/** The input of an operation. */
export type InputOf<Id extends OperationId> = Part<Id, "path"> &
  Partial<Part<Id, "query">> &
  Part<Id, "body">;

/** The answer of an operation that succeeded. */
export type OutputOf<Id extends OperationId> = v.InferOutput<Operations[Id]["output"]["schema"]>;
