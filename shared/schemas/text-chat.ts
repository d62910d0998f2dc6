import * as v from "valibot";
import { readable } from "./readable.ts";
import { text } from "./vocabulary.ts";
import type { EventType } from "./webhook.ts";

/**
 * Chats as the Agent Chat API 3.6 of the Text platform sends them (`incoming_chat`, `get_chat`, `list_archives`). Only
 * ids are required; other members are left out if they do not have their expected shape.
 */

/** A member that is left out if it does not have its expected shape. */
const soft = <const Schema extends v.GenericSchema>(schema: Schema) =>
  v.fallback(v.optional(schema), undefined);

/** A list without its odd items. */
const softList = <const Schema extends v.GenericSchema>(item: Schema) => soft(readable(item));

const requiredId = v.pipe(text, v.nonEmpty("must not be empty"));

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
  id: requiredId,
  type: soft(text),
  name: soft(text),
  email: soft(text),
  /** `agents`: the user is a supervisor, hidden from the customer. */
  visibility: soft(text),
  session_fields: softList(v.record(v.string(), v.unknown())),
  statistics: soft(v.looseObject({})),
  visit: soft(Visit),
});

const FormChoice = v.looseObject({ id: soft(text), label: soft(text) });

const Field = v.looseObject({
  id: soft(text),
  type: soft(text),
  label: soft(text),
  answer: soft(v.union([text, FormChoice])),
  answers: softList(v.union([text, FormChoice])),
});

const ThreadEvent = v.looseObject({
  type: text,
  created_at: soft(text),
  /** `agents`: hidden from the customer. */
  visibility: soft(text),
  author_id: soft(text),
  text: soft(text),
  deleted: soft(v.boolean()),
  /** Members of a `file`. */
  url: soft(text),
  name: soft(text),
  /** A member of a `system_message`. */
  system_message_type: soft(text),
  /** Members of a `filled_form`. */
  form_type: soft(text),
  fields: softList(Field),
  /** A member of a `rich_message`. */
  elements: softList(v.looseObject({ title: soft(text) })),
  properties: soft(v.looseObject({ lc2: soft(v.looseObject({ form_type: soft(text) })) })),
});

const Thread = v.looseObject({
  id: requiredId,
  user_ids: softList(text),
  created_at: soft(text),
  access: soft(v.looseObject({ group_ids: softList(v.number()) })),
  tags: softList(text),
  /** Absent if the account's plan does not include old chats. */
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
export const TextChat = v.looseObject({ id: requiredId, users: softList(User), thread: Thread });
export type TextChat = v.InferOutput<typeof TextChat>;

/** A chat with one of its threads, as LiveChat sent it. Only the ids are read; the log stores the whole chat. */
export const RawTextChat = v.looseObject({
  id: requiredId,
  thread: v.looseObject({ id: requiredId, active: soft(v.boolean()) }),
});
export type RawTextChat = v.InferOutput<typeof RawTextChat>;

/** An item of `list_chats`. */
export const TextChatSummary = v.looseObject({
  id: requiredId,
  last_thread_summary: v.looseObject({ id: requiredId, active: soft(v.boolean()) }),
});
export type TextChatSummary = v.InferOutput<typeof TextChatSummary>;

export type TextUser = v.InferOutput<typeof User>;
export type TextThreadEvent = v.InferOutput<typeof ThreadEvent>;
export type TextField = v.InferOutput<typeof Field>;

/** The event type of each action that the Text platform's webhooks report. */
export const EVENT_OF_ACTION: ReadonlyMap<unknown, EventType> = new Map([
  ["incoming_chat", "chat_started"],
  ["chat_deactivated", "chat_ended"],
]);

/**
 * Why an ended chat has no transcript. `failed`: not readable for an hour. `anonymized`, `gone`: LiveChat no longer has
 * it.
 */
const MISSING_TRANSCRIPT = ["failed", "anonymized", "gone"] as const;
export type MissingTranscript = (typeof MISSING_TRANSCRIPT)[number];

/**
 * The stored content of a chat's start or end: the webhook's envelope without `secret_key`. At the end, it has the chat from
 * `get_chat` or the archive. The reconciliation makes the same envelope from the chats that it reads.
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
    payload: v.looseObject({ chat_id: requiredId, thread_id: requiredId }),
    chat: soft(TextChat),
    missing_transcript: soft(v.picklist(MISSING_TRANSCRIPT)),
    /** ISO 8601: when the webhook arrived, or the reconciliation found the end. */
    received_at: soft(text),
  }),
]);
export type StoredTextChat = v.InferOutput<typeof StoredTextChat>;
