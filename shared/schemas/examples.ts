/**
 * The examples of the published definitions tell one story, and each can be sent unchanged: Vera asks in a chat, Sam
 * answers and makes a ticket of it, Nora joins the team.
 */

export const agentLogin = "nora@example.com";
export const ticketId = "3CZ20";
export const chatId = "PJ0MRSHTDG";

export const agentSummary = {
  avatar: "livechat.s3.amazonaws.com/default/avatars/a2.png",
  login: "sam@example.com",
  name: "Sam Support",
  permission: "normal",
  status: "accepting chats",
};

export const newAgent = {
  login: agentLogin,
  name: "Nora North",
  login_status: "not accepting chats",
  job_title: "Support Agent",
  permission: "normal",
  max_chats_count: "6",
  groups: [3],
} as const;

export const agent = {
  avatar: "livechat.s3.amazonaws.com/default/avatars/a4.png",
  groups: [{ id: 3, name: "Support" }],
  job_title: "Support Agent",
  login: agentLogin,
  login_status: "not accepting chats",
  max_chats_count: 6,
  name: "Nora North",
  permission: "normal",
  status: "offline",
};

const requester = { mail: "vera@example.com", name: "Vera Visitor" };
const source = { type: "chat-window", url: "https://shop.example.com/checkout" } as const;
const subject = "The lamp stays dark";
const message = "The lamp that came yesterday stays dark.";
const sam = { id: "sam@example.com", name: "Sam Support" };

export const newTicket = { message, requester, subject, assignee: { id: sam.id }, source };

export const ticketChanges = { requester: { mail: requester.mail }, tag: ["lamp", "warranty"] };

export const listedTicket = {
  id: ticketId,
  subject,
  status: "open",
  date: "2026-01-15T09:42:00.000Z",
  modified: "2026-01-15T09:45:30.000Z",
  requester: { ...requester, ip: "192.0.2.1" },
  source: { ...source, id: chatId },
  tags: ["lamp"],
};

export const ticket = {
  ...listedTicket,
  assignee: sam,
  groups: [{ id: 3, name: "Support" }],
  currentGroup: { id: 3, name: "Support" },
  events: [
    {
      author: { id: requester.mail, name: requester.name, type: "client" },
      date: "2026-01-15T09:42:00.000Z",
      is_private: false,
      message,
      source,
      type: "message",
    },
  ],
  opened: [{ from: "2026-01-15T09:42:00.000Z" }],
  firstResponse: { date: "2026-01-15T09:45:30.000Z" },
};

const envelope = { license_id: "12345678", lc_version: "2" };
const started = "2026-01-15T09:32:00.000Z";
const ended = "2026-01-15T09:41:07.000Z";
const visitor = {
  email: requester.mail,
  id: "S1768469520.d54a2b",
  language: "en",
  name: requester.name,
  page_current: source.url,
};
const survey = [{ answer: "An order", id: "2003", label: "What is it about?" }];
const begunChat = {
  id: chatId,
  url: source.url,
  started_timestamp: started,
  agents: [{ login: sam.id, name: sam.name }],
  groups: [3],
};

export const chatStarted = {
  event_type: "chat_started",
  event_unique_id: "d54a2be6c5a44a3b8b3f1f2f7f3c9a10",
  ...envelope,
  chat: begunChat,
  visitor,
  pre_chat_survey: survey,
} as const;

/** A delivery of the Text platform: an end is told by ids alone. */
export const textChatDelivery = {
  webhook_id: "37901609f767dea5",
  secret_key: "the-webhook-password",
  action: "chat_deactivated",
  organization_id: "390e44e6-f1e6-4368-a6dd-74f14508c2e0",
  payload: { chat_id: "PJ0MRSHTDG", thread_id: "K600PKZON8", user_id: "sam@example.com" },
} as const;

/** A delivery of HelpDesk, of which only the id counts. */
export const helpDeskDelivery = {
  eventType: "tickets.create",
  payload: { ID: "0f6b2a54-6c0e-4d5e-9a43-0c9e6a3c1c11", subject: "The lamp stays dark" },
} as const;

export const chatEnded = {
  ...chatStarted,
  event_type: "chat_ended",
  event_unique_id: "0c8e7b1d2f6a4f0e9a7d5b3c1e8f6a42",
  chat: {
    ...begunChat,
    ended_timestamp: ended,
    messages: [
      {
        author_name: requester.name,
        text: message,
        timestamp: "2026-01-15T09:32:05.000Z",
        user_type: "visitor",
      },
      {
        agent_id: sam.id,
        author_name: sam.name,
        text: "Sorry to hear that! I make a ticket of it.",
        timestamp: "2026-01-15T09:40:12.000Z",
        user_type: "agent",
      },
    ],
    events: [{ text: "Sam Support closed the chat.", timestamp: ended, type: "closed", user_type: "agent" }],
    tags: ["lamp"],
  },
} as const;

export const ticketCreated = { event_type: "ticket_created", ...envelope, ticket } as const;

/** Ids of events are made of what they are about, so these are the ones that the deliveries above get. */
export const chatEndedEvent = {
  id: "bd36a7bd6064d42bd3e4612923c8b412",
  seq: 2,
  type: "chat_ended",
  origin: "webhook",
  occurredAt: ended,
  receivedAt: "2026-01-15T09:41:08.214Z",
  chatId,
  payload: chatEnded,
} as const;

export const chatStartedEvent = {
  id: "bd36a7bd6064d42b4fd518ba5519864d",
  seq: 1,
  type: "chat_started",
  origin: "webhook",
  occurredAt: started,
  receivedAt: "2026-01-15T09:32:01.007Z",
  chatId,
  payload: chatStarted,
} as const;

/** A chat without an id: authenticated, and of no use as an event. */
export const misfit =
  '{"event_type":"chat_ended","license_id":"12345678","lc_version":"2","chat":{"url":"https://shop.example.com"}}';

export const misfitId = "7a91e17bf5298f4c5db7d49cbdfa930c";

export const listedQuarantined = {
  id: misfitId,
  expected: "chat_ended",
  reason: "The delivery does not have the shape of chat_ended.",
  problems: [{ path: "chat.id", message: "chat.id is required." }],
  receivedAt: "2026-01-15T09:50:00.123Z",
} as const;

export const quarantined = { ...listedQuarantined, raw: misfit };

export const runReport = {
  mode: "incremental",
  outcome: "completed",
  startedAt: "2026-01-15T09:45:00.000Z",
  durationMs: 812,
  throttledMs: 0,
  calls: 2,
  pages: 2,
  added: 1,
  changed: 3,
  unchanged: 46,
  recovered: 0,
  deleted: 0,
  restored: 0,
  odd: 0,
  withoutId: 0,
  checkpoint: { before: "2026-01-15T09:39:58.000Z", after: "2026-01-15T09:44:12.000Z" },
} as const;

export const registration = {
  event_type: "chat_ended",
  state: "ok",
  detail: "Registered once, as it should be.",
  url: "https://***:***@your-app.example/api/receivers/chat-ended",
  webhooks: [{ id: "5f3a9c1e", state: "right" }],
  lastDelivery: "2026-01-15T09:41:08.214Z",
} as const;

export const hookId = "Zr1kY8mFQ0v2sX5tLw7uJ3aBcDeFgHiJ";

export const newTrigger = {
  url: "https://hooks.example.com/chat-ended?sig=dGhlIGxhbXAgc3RheXMgZGFyaw",
  filter: { group: ["3"], not: { tag: ["spam"] } },
} as const;

const subscriptionSecret = "whsec_dGhlIGxhbXAgdGhhdCBjYW1lIHllc3RlcmRheSBzdGF5cyE=";

export const createdTrigger = { id: hookId, type: "chat_ended", secret: subscriptionSecret } as const;

const terms = {
  types: ["chat_ended", "ticket_created"],
  filter: { group: ["3"], not: { tag: ["spam"] } },
  format: "payload",
  batch: 1,
  policy: "park",
} as const;

export const newSubscription = {
  url: "https://hooks.example.com/livechat?sig=dGhlIGxhbXAgc3RheXMgZGFyaw",
  ...terms,
} as const;

export const createdSubscription = { id: hookId, secret: subscriptionSecret, ...terms } as const;

export const subscription = {
  id: hookId,
  ...terms,
  callback: "https://hooks.example.com/…",
  createdAt: "2026-01-15T08:00:00.000Z",
  state: "retrying",
  cursor: 1,
  lag: 1,
  waitingSince: "2026-01-15T09:41:08.214Z",
  failures: 3,
  nextAttemptAt: "2026-01-15T09:41:10.100Z",
  lastAnswer: { at: "2026-01-15T09:41:09.700Z", status: 503 },
  parkedEvents: 1,
  missed: 0,
} as const;

const failedAttempt = {
  eventId: chatEndedEvent.id,
  seq: 2,
  at: "2026-01-15T09:41:09.700Z",
  status: 503,
  durationMs: 48,
} as const;

export const subscriptionInDetail = {
  ...subscription,
  attempts: [failedAttempt],
  parked: [{ eventId: chatStartedEvent.id, seq: 1, since: "2026-01-15T09:20:04.000Z", attempts: 5 }],
} as const;

export const attempts = {
  items: [
    {
      subscription: hookId,
      callback: "https://hooks.example.com/…",
      ...failedAttempt,
      excerpt: "The service is being updated.",
    },
  ],
} as const;

export const sendAgain = { id: chatEndedEvent.id } as const;

export const sentTest = {
  delivered: true,
  eventId: "test_6f1c9a0e-7f3c-4b4e-9a55-0c2f6f4f9d11",
  seq: 0,
  at: "2026-01-15T09:50:00.000Z",
  status: 202,
  durationMs: 31,
} as const;

export const sentAgain = {
  attempts: [{ delivered: true, ...failedAttempt, at: "2026-01-15T09:52:00.000Z", status: 202 }],
  left: 0,
} as const;

export const rolledSecret = {
  id: hookId,
  secret: "whsec_YSBuZXcgbGFtcCBpcyBsaXQgYXQgdGhlIHNhbWUgZG9vciE=",
  previousSecretUntil: "2026-01-16T09:50:00.000Z",
} as const;
