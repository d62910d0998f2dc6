import type { Operation } from "../shared/http/operation.ts";
import { createAgent } from "./agents/create-agent.ts";
import { deleteAgent } from "./agents/delete-agent.ts";
import { listAgents } from "./agents/list-agents.ts";
import { getConsole } from "./console/get-console.ts";
import { getDocs } from "./docs/get-docs.ts";
import { getDocsAsset } from "./docs/get-docs-asset.ts";
import { getOpenApi } from "./docs/get-open-api.ts";
import { countEvents } from "./events/count-events.ts";
import { eraseChat } from "./events/erase-chat.ts";
import { getChat } from "./events/get-chat.ts";
import { getEvent } from "./events/get-event.ts";
import { listChats } from "./events/list-chats.ts";
import { listEventTypes } from "./events/list-event-types.ts";
import { listEvents } from "./events/list-events.ts";
import { getStatus } from "./health/get-status.ts";
import { health } from "./health/health.ts";
import { eraseByBody } from "./people/erase-by-body.ts";
import { eraseVisitor } from "./people/erase-visitor.ts";
import { searchVisitor } from "./people/search-visitor.ts";
import { deleteQuarantined } from "./quarantine/delete-quarantined.ts";
import { getQuarantined } from "./quarantine/get-quarantined.ts";
import { listQuarantine } from "./quarantine/list-quarantine.ts";
import { replayQuarantined } from "./quarantine/replay-quarantined.ts";
import { receivers } from "./receivers/index.ts";
import { listChatRuns } from "./reconcile/list-chat-runs.ts";
import { listReconcileRuns } from "./reconcile/list-reconcile-runs.ts";
import { reconcileChatsNow } from "./reconcile/reconcile-chats.ts";
import { reconcileTickets } from "./reconcile/reconcile-tickets.ts";
import { deleteRegistration } from "./registration/delete-registration.ts";
import { ensureRegistrationNow } from "./registration/ensure-registration.ts";
import { getRegistration } from "./registration/get-registration.ts";
import type { Services } from "./services.ts";
import { getStoredTicket } from "./stored-tickets/get-stored-ticket.ts";
import { listStoredTickets } from "./stored-tickets/list-stored-tickets.ts";
import { createSubscription } from "./subscriptions/create-subscription.ts";
import { deleteHook } from "./subscriptions/delete-hook.ts";
import { getSubscription } from "./subscriptions/get-subscription.ts";
import { listAttempts } from "./subscriptions/list-attempts.ts";
import { listSubscriptions } from "./subscriptions/list-subscriptions.ts";
import { replaySubscription } from "./subscriptions/replay-subscription.ts";
import { resumeSubscription } from "./subscriptions/resume-subscription.ts";
import { rollSecret } from "./subscriptions/roll-secret.ts";
import { sendAgain } from "./subscriptions/send-again.ts";
import { skipEvent } from "./subscriptions/skip-event.ts";
import { testSubscription } from "./subscriptions/test-subscription.ts";
import { webhookChatEnded, webhookChatStarted, webhookTicketCreated } from "./subscriptions/triggers.ts";
import { createTicket } from "./tickets/create-ticket.ts";
import { getTicket } from "./tickets/get-ticket.ts";
import { listTickets } from "./tickets/list-tickets.ts";
import { updateTicket } from "./tickets/update-ticket.ts";

/** Every operation of the app, in the order of the reference. */
export const operations: readonly Operation<Services>[] = [
  listAgents,
  createAgent,
  deleteAgent,
  listTickets,
  getTicket,
  createTicket,
  updateTicket,
  ...receivers,
  listEvents,
  getEvent,
  listEventTypes,
  countEvents,
  listChats,
  getChat,
  eraseChat,
  eraseByBody,
  searchVisitor,
  eraseVisitor,
  listQuarantine,
  getQuarantined,
  replayQuarantined,
  deleteQuarantined,
  webhookChatStarted,
  webhookChatEnded,
  webhookTicketCreated,
  createSubscription,
  deleteHook,
  listSubscriptions,
  getSubscription,
  replaySubscription,
  resumeSubscription,
  skipEvent,
  sendAgain,
  testSubscription,
  rollSecret,
  listAttempts,
  listStoredTickets,
  getStoredTicket,
  reconcileTickets,
  listReconcileRuns,
  reconcileChatsNow,
  listChatRuns,
  getRegistration,
  ensureRegistrationNow,
  deleteRegistration,
  health,
  getStatus,
  getOpenApi(() => operations),
  getDocs,
  getDocsAsset,
  getConsole,
];
