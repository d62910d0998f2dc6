import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

type Binding = {
  type: string;
  methods?: string[];
  route?: string;
  authLevel?: string;
  schedule?: string;
  queueName?: string;
  runOnStartup?: boolean;
};
type Registered = { name: string; bindings: Record<string, Binding> };

/** The functions that the built bundle registers at the Functions host. */
const registered: Registered[] = JSON.parse(
  execFileSync(process.execPath, ["test/security/fixtures/list-functions.mjs"], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, AzureWebJobsStorage: "UseDevelopmentStorage=true" },
  }),
);
const triggers = registered.map(({ name, bindings }) => {
  const trigger = Object.values(bindings).find(({ type }) => type.endsWith("Trigger"));
  if (!trigger) throw new Error(`${name} has no trigger`);
  return { ...trigger, name };
});

/**
 * The access level of each function. A function that is not listed fails the test, so its author decides, and gives a
 * reason when it needs no key.
 */
const HTTP = {
  ListAgents: "GET agents, key",
  CreateAgent: "POST agents, key",
  DeleteAgent: "DELETE agents/{login}, key",
  ListTickets: "GET tickets, key",
  GetTicket: "GET tickets/{ticketId}, key",
  CreateTicket: "POST tickets, key",
  UpdateTicket: "PUT tickets/{ticketId}/tags, key",
  // LiveChat has no function key. The receivers require the webhook's credentials.
  ReceiveChatStarted: "POST receivers/chat-started, no key",
  ReceiveChatEnded: "POST receivers/chat-ended, no key",
  ReceiveTicketCreated: "POST receivers/ticket-created, no key",
  // The receiver requires the webhook's password as the parameter `key`.
  ReceiveHelpDeskTicket: "POST receivers/helpdesk/tickets, no key",
  ReceiveTextChat: "POST receivers/text/chats, no key",
  ListEvents: "GET events, key",
  GetEvent: "GET events/{id}, key",
  ListEventTypes: "GET event-types, key",
  CountEvents: "GET stats/events, key",
  ListChats: "GET chats, key",
  GetChat: "GET chats/{chatId}, key",
  EraseChat: "DELETE chats/{chatId}, key",
  EraseByBody: "POST erasures, key",
  SearchVisitor: "POST visitors/search, key",
  EraseVisitor: "DELETE visitors/{email}, key",
  ListQuarantine: "GET quarantine, key",
  GetQuarantined: "GET quarantine/{id}, key",
  ReplayQuarantined: "POST quarantine/{id}/replay, key",
  DeleteQuarantined: "DELETE quarantine/{id}, key",
  ListStoredTickets: "GET stored/tickets, key",
  GetStoredTicket: "GET stored/tickets/{ticketId}, key",
  ReconcileTickets: "POST reconcile/tickets, key",
  ListReconcileRuns: "GET reconcile/tickets, key",
  ListChatRuns: "GET reconcile/chats, key",
  ReconcileChats: "POST reconcile/chats, key",
  WebhookChatStarted: "POST chat_starts_webhook/webhooks, key",
  WebhookChatEnded: "POST chat_ends_webhook/webhooks, key",
  WebhookTicketCreated: "POST ticket_created_webhook/webhooks, key",
  CreateSubscription: "POST subscriptions, key",
  // Flows send no key. The id cannot be guessed, so it serves as one.
  DeleteHook: "DELETE subscriptions/{hookId}, no key",
  ListSubscriptions: "GET subscriptions, key",
  GetSubscription: "GET subscriptions/{hookId}, key",
  ReplaySubscription: "POST subscriptions/{id}/replay, key",
  ResumeSubscription: "POST subscriptions/{id}/resume, key",
  SkipEvent: "POST subscriptions/{id}/skip, key",
  SendAgain: "POST subscriptions/{id}/send, key",
  TestSubscription: "POST subscriptions/{id}/test, key",
  RollSecret: "POST subscriptions/{id}/roll-secret, key",
  ListAttempts: "GET events/{id}/attempts, key",
  GetRegistration: "GET registration, key",
  EnsureRegistration: "POST registration, key",
  DeleteRegistration: "DELETE registration, key",
  // The answer is only ok or bad; GetStatus has the checks, and requires a key.
  Health: "GET HEAD health, no key",
  GetStatus: "GET status, key",
  // The answer is equal for every deployment, and has no data.
  GetOpenApi: "GET HEAD openapi.json, no key",
  GetDocs: "GET HEAD docs, no key",
  GetDocsAsset: "GET HEAD docs/{asset}, no key",
  // Files only: the page's own calls require a key.
  GetConsole: "GET HEAD console/{*path}, no key",
};

test("each function has its listed methods and auth level", () => {
  const found = triggers
    .filter(({ type }) => type === "httpTrigger")
    .map(({ name, methods = [], route, authLevel = "" }) => {
      const who = { function: "key", anonymous: "no key" }[authLevel] ?? authLevel;
      return [name, `${methods.join(" ")} ${route}, ${who}`];
    });
  expect(Object.fromEntries(found)).toEqual(HTTP);
});

const others = triggers.filter(({ type }) => type !== "httpTrigger");

test("timers and queue functions are exactly the listed ones", () => {
  expect(others.map(({ name, schedule, queueName }) => [name, schedule ?? queueName])).toEqual([
    ["ReconcileTicketsTimer", "0 */5 * * * *"],
    ["RegistrationTimer", "30 */15 * * * *"],
    ["StatusTimer", "45 */5 * * * *"],
    ["DispatchTimer", "0 * * * * *"],
    ["RetentionTimer", "0 17 * * * *"],
    ["DispatchQueue", "livechat-wake"],
  ]);
});

test("no timer runs because an instance starts", () => {
  expect(others.filter(({ runOnStartup }) => runOnStartup)).toEqual([]);
});
