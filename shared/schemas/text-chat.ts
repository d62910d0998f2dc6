import * as v from "valibot";
import { readable } from "./readable.ts";
import { text } from "./vocabulary.ts";
import type { EventType } from "./webhook.ts";

/**
 * Chats as the Agent Chat API 3.6 of the Text platform sends them (`incoming_chat`, `get_chat`, `list_archives`). The
 * readers are tolerant: what is odd inside a chat is left out, and only ids are needed.
 */

/** A member that is left out when it does not have its expected shape. */
const soft = <const Schema extends v.GenericSchema>(schema: Schema) =>
  v.fallback(v.optional(schema), undefined);

/** A list without its odd items. */
const softList = <const Schema extends v.GenericSchema>(item: Schema) => soft(readable(item));

const id = v.pipe(text, v.nonEmpty("must not be empty"));

const Geolocation = v.looseObject({
  country: soft(text),
  country_code: soft(text),
  region: soft(text),
  city: soft(text),
  timezone: soft(text),
});

const Visit = v.looseObject({
  referrer: soft(text),
  ip: soft(text),
  user_agent: soft(text),
  geolocation: soft(Geolocation),
  last_pages: softList(v.looseObject({ opened_at: soft(text), url: soft(text) })),
});

const User = v.looseObject({
  id,
  type: soft(text),
  name: soft(text),
  email: soft(text),
  /** `agents` for a supervisor, whom the customer does not see. */
  visibility: soft(text),
  session_fields: softList(v.record(v.string(), v.unknown())),
  statistics: soft(v.looseObject({})),
  visit: soft(Visit),
});

const Choice = v.looseObject({ id: soft(text), label: soft(text) });

const Field = v.looseObject({
  id: soft(text),
  type: soft(text),
  label: soft(text),
  answer: soft(v.union([text, Choice])),
  answers: softList(v.union([text, Choice])),
});

const ThreadEvent = v.looseObject({
  type: text,
  created_at: soft(text),
  /** `agents` where the customer does not see it. */
  visibility: soft(text),
  author_id: soft(text),
  text: soft(text),
  deleted: soft(v.boolean()),
  /** Of a `file`. */
  url: soft(text),
  name: soft(text),
  /** Of a `system_message`. */
  system_message_type: soft(text),
  /** Of a `filled_form`. */
  form_type: soft(text),
  fields: softList(Field),
  /** Of a `rich_message`. */
  elements: softList(v.looseObject({ title: soft(text) })),
  properties: soft(v.looseObject({ lc2: soft(v.looseObject({ form_type: soft(text) })) })),
});

const Thread = v.looseObject({
  id,
  user_ids: softList(text),
  created_at: soft(text),
  access: soft(v.looseObject({ group_ids: softList(v.number()) })),
  tags: softList(text),
  /** Absent where the plan of the account does not show old chats. */
  events: softList(ThreadEvent),
  previous_thread_id: soft(text),
  next_thread_id: soft(text),
  restricted_access: soft(v.union([text, v.looseObject({})])),
  summary: soft(v.looseObject({ status: soft(text), text: soft(text) })),
  properties: soft(
    v.looseObject({
      rating: soft(v.looseObject({ score: soft(v.number()), comment: soft(text) })),
      routing: soft(v.looseObject({ start_url: soft(text) })),
    }),
  ),
  customer_visit: soft(Visit),
});

/** A chat with one of its threads. */
export const TextChat = v.looseObject({ id, users: softList(User), thread: Thread });
export type TextChat = v.InferOutput<typeof TextChat>;

/** The same as it came, of which only the ids are looked at: what the log keeps. */
export const ToldTextChat = v.looseObject({
  id,
  thread: v.looseObject({ id, active: soft(v.boolean()) }),
});
export type ToldTextChat = v.InferOutput<typeof ToldTextChat>;

/** An item of `list_chats`. */
export const TextChatSummary = v.looseObject({
  id,
  last_thread_summary: v.looseObject({ id, active: soft(v.boolean()) }),
});
export type TextChatSummary = v.InferOutput<typeof TextChatSummary>;

export type TextUser = v.InferOutput<typeof User>;
export type TextThreadEvent = v.InferOutput<typeof ThreadEvent>;
export type TextField = v.InferOutput<typeof Field>;

/** The Text platform's actions that webhooks report, and the events that they are here. */
export const EVENT_OF_ACTION: ReadonlyMap<unknown, EventType> = new Map([
  ["incoming_chat", "chat_started"],
  ["chat_deactivated", "chat_ended"],
]);

/** Why an end has no transcript: it could not be read for an hour, or LiveChat has it no longer. */
const MISSING_TRANSCRIPT = ["failed", "anonymized", "gone"] as const;
export type MissingTranscript = (typeof MISSING_TRANSCRIPT)[number];

/**
 * What the log keeps of a start or an end: the webhook's envelope without `secret_key`, and for an end the chat as
 * `get_chat` or the archive told it. Reconciliation makes the same envelope from what it reads.
 */
export const StoredTextChat = v.variant("action", [
  v.looseObject({
    action: v.literal("incoming_chat"),
    organization_id: soft(text),
    payload: v.looseObject({ chat: TextChat }),
  }),
  v.looseObject({
    action: v.literal("chat_deactivated"),
    organization_id: soft(text),
    payload: v.looseObject({ chat_id: id, thread_id: id }),
    chat: soft(TextChat),
    missing_transcript: soft(v.picklist(MISSING_TRANSCRIPT)),
    /** ISO 8601: when the webhook came, or the reconciliation found it. */
    received_at: soft(text),
  }),
]);
export type StoredTextChat = v.InferOutput<typeof StoredTextChat>;
