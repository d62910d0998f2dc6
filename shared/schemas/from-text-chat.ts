import { createHash } from "node:crypto";
import { compare, defined } from "../core/values.ts";
import { readTime } from "./read-time.ts";
import type { StoredTextChat, TextChat, TextField, TextThreadEvent, TextUser } from "./text-chat.ts";

/** The version of the Text platform's APIs that this app calls. */
export const TEXT_API_VERSION = "3.6";

/** The types of system messages that close a thread. */
const CLOSING_TYPES =
  /^(manual_archived_|routing\.archived_|archived_customer_disconnected$|customer_banned$|system_archived$)/;
/** The visibility of a supervisor and of a supervisor's messages. */
const AGENTS_ONLY = "agents";

/**
 * Converts a start or an end of the Text platform to the fields of `WebhookChatResponse`. A start and an end belong to one
 * thread, so `chat.id` is the thread's id, as in the API v2. Fields that v2 does not have keep their own names.
 */
export function fromTextChat(stored: StoredTextChat): Record<string, unknown> {
  const ended = stored.action === "chat_deactivated";
  const chat = ended ? stored.chat : stored.payload.chat;
  const [chatId, threadId] = ended
    ? [stored.payload.chat_id, stored.payload.thread_id]
    : [stored.payload.chat.id, stored.payload.chat.thread.id];
  return defined({
    event_type: ended ? "chat_ended" : "chat_started",
    event_unique_id: createHash("sha256").update(`${stored.action}:${threadId}`).digest("hex").slice(0, 32),
    lc_version: TEXT_API_VERSION,
    organization_id: stored.organization_id,
    chat: defined({
      id: threadId,
      /** The Text platform's id of the chat that the thread belongs to. */
      text_chat_id: chatId,
      ...(chat && fieldsOf(chat)),
      ended_timestamp: ended ? (endTimeOf(chat) ?? stored.received_at) : undefined,
      missing_transcript: ended ? stored.missing_transcript : undefined,
    }),
    visitor: chat && visitorOf(chat),
    pre_chat_survey: chat && surveyOf(chat),
  });
}

function fieldsOf(chat: TextChat): Record<string, unknown> {
  const { thread, users = [] } = chat;
  const events = eventsOf(chat);
  const { rating, routing } = thread.properties ?? {};
  return {
    url: routing?.start_url || visitOf(chat)?.last_pages?.[0]?.url,
    started_timestamp: toTime(thread.created_at),
    agents: users
      .filter((user) => isAgent(user) && user.visibility !== AGENTS_ONLY)
      .filter(({ id }) => thread.user_ids?.includes(id) ?? true)
      .map(({ id, name }) => ({ login: id, name })),
    groups: thread.access?.group_ids ?? [],
    tags: thread.tags ?? [],
    messages: events.flatMap((event) => messageOf(event, users)),
    events: events.filter(({ type }) => type === "system_message").map(systemEventOf),
    previous_thread_id: thread.previous_thread_id,
    next_thread_id: thread.next_thread_id,
    restricted_access: thread.restricted_access,
    rating,
    summary: thread.summary,
    properties: thread.properties,
  };
}

/** The text of a file is its URL, and the text of a rich message its titles. Other types of events are not messages. */
function messageOf(event: TextThreadEvent, users: readonly TextUser[]): Record<string, unknown>[] {
  const titles = event.elements?.flatMap(({ title }) => title ?? []).join(", ");
  const texts: Record<string, string | undefined> = {
    message: event.text,
    file: event.url ?? event.name,
    rich_message: titles && `[${titles}]`,
  };
  if (!Object.hasOwn(texts, event.type)) return [];
  const author = users.find(({ id }) => id === event.author_id);
  const byAgent = author ? isAgent(author) : event.author_id?.includes("@");
  return [
    defined({
      author_name: author?.name,
      agent_id: byAgent ? event.author_id : undefined,
      user_type: userType(event, author, byAgent),
      text: texts[event.type],
      timestamp: toTime(event.created_at),
      /** `file` or `rich_message`; the API v2 has no such field. */
      type: event.type === "message" ? undefined : event.type,
    }),
  ];
}

function userType(event: TextThreadEvent, author: TextUser | undefined, byAgent: boolean | undefined) {
  if (event.visibility === AGENTS_ONLY) return "supervisor";
  if (byAgent) return "agent";
  return author ? "visitor" : undefined;
}

function systemEventOf({ text, created_at, system_message_type = "" }: TextThreadEvent) {
  return defined({
    text,
    timestamp: toTime(created_at),
    type: CLOSING_TYPES.test(system_message_type) ? "closed" : system_message_type || undefined,
    user_type: /(^|_)customer(_|$)/.test(system_message_type)
      ? "visitor"
      : /(^|_)agent$/.test(system_message_type)
        ? "agent"
        : undefined,
    /** The Text platform's own type, which may have no counterpart in v2. */
    system_message_type: system_message_type || undefined,
  });
}

/**
 * The time of the message that closed the thread, or of the last event: the thread has no field with the time of its
 * end.
 */
function endTimeOf(chat: TextChat | undefined): string | undefined {
  const events = chat ? eventsOf(chat) : [];
  const closing = events.findLast(({ system_message_type = "" }) => CLOSING_TYPES.test(system_message_type));
  return toTime((closing ?? events.at(-1))?.created_at);
}

/** The events that were not deleted, sorted by time to the microsecond. */
function eventsOf({ thread }: TextChat): TextThreadEvent[] {
  const kept = (thread.events ?? []).filter(({ deleted }) => !deleted);
  return kept.sort((a, b) => compare(a.created_at ?? "", b.created_at ?? ""));
}

function visitorOf(chat: TextChat): Record<string, unknown> | undefined {
  const customer = chat.users?.find((user) => !isAgent(user));
  if (!customer) return undefined;
  const visit = visitOf(chat);
  const { country, country_code, region, city, timezone } = visit?.geolocation ?? {};
  const location = { country, country_code, region, city, timezone };
  const { type: _, visit: __, ...known } = customer;
  return defined({
    ...known,
    ...location,
    ip: visit?.ip,
    user_agent: visit?.user_agent,
    referrer: visit?.referrer,
    page_current: newestPage(chat),
    geolocation: visit?.geolocation,
    custom_variables: known.session_fields?.flatMap((field) =>
      Object.entries(field).map(([key, value]) => ({ key, value: String(value) })),
    ),
    created_at: toTime(known.created_at),
  });
}

/** Webhooks send the visit with the customer, the archive with the thread. */
function visitOf({ users, thread }: TextChat) {
  return users?.find((user) => !isAgent(user))?.visit ?? thread.customer_visit;
}

function newestPage(chat: TextChat): string | undefined {
  const pages = visitOf(chat)?.last_pages ?? [];
  return pages.toSorted((a, b) => compare(a.opened_at ?? "", b.opened_at ?? "")).at(-1)?.url;
}

/** The form that the customer filled in before the chat. A checkbox question has only the chosen answers. */
function surveyOf({ thread }: TextChat): Record<string, unknown>[] | undefined {
  const form = thread.events?.find(
    ({ type, form_type, properties }) =>
      type === "filled_form" && (form_type ?? properties?.lc2?.form_type) === "prechat",
  );
  return form?.fields?.map(({ id, type, label, ...given }: TextField) => {
    const answer = given.answer === undefined ? undefined : labelOf(given.answer);
    const answers = given.answers?.map((choice) => ({ label: labelOf(choice), chosen: true }));
    return defined({ id, type, label, answer, answers });
  });
}

function labelOf(choice: string | { label?: string; id?: string }): string | undefined {
  return typeof choice === "string" ? choice : (choice.label ?? choice.id);
}

function isAgent({ type }: TextUser): boolean {
  return type === "agent";
}

/** Leaves out an unreadable time, to keep the rest of the chat. */
function toTime(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? readTime(value) : undefined;
}
