import type * as v from "valibot";
import type {
  ChatPage as ChatPageSchema,
  LoggedEvent,
  QuarantinedDelivery,
  StoredChat,
} from "../schemas/event.ts";
import type { EventType, Origin } from "../schemas/webhook.ts";

/** A LiveChat event before it enters the log. All times are ISO 8601 in UTC with milliseconds. */
export type NewEvent = {
  type: EventType;
  origin: Origin;
  /** The id of its chat or ticket, as in `raw`. */
  subjectId: string;
  /** The time of the event, which is part of a chat event's identity. Without it the log uses the time of receipt. */
  occurredAt?: string;
  /** True when a chat has only one event of this type: its time then does not identify it. */
  once?: boolean;
  /** The event's licence, from LiveChat. Ids are unique in a licence. */
  licence?: string;
  /** The original JSON text from LiveChat, without the envelope's token. */
  raw: string;
  /** Email addresses of all visitors and requesters in `raw`. Outside of `raw`, only their hashes are stored. */
  people: readonly string[];
  /** The trace of its delivery, as W3C `traceparent`. */
  trace?: string;
};

/** The property of an event with the trace of its delivery. It is a symbol, so it is not part of the JSON. */
export const TRACE = Symbol("trace");

/** `duplicate`: the event was already in the log. `id` and `seq` are those of the event in the log. */
export type Appended = { status: "stored" | "duplicate"; id: string; seq: number };

export type Append = (event: NewEvent) => Promise<Appended>;

type Logged = v.InferOutput<typeof LoggedEvent>;
type EventPlace = Pick<Logged, "id" | "seq" | "type" | "origin" | "occurredAt" | "receivedAt">;

/**
 * An event with its content. The present schema normalises LiveChat's original at every reading. Content that does
 * not fit the schema is returned unchanged, so readers still have it.
 */
export type StoredEvent = EventPlace &
  Pick<Logged, "api" | "chatId" | "ticketId"> &
  Required<Pick<Logged, "payload">> & { [TRACE]?: string };

/** An event without content: it was erased on request, or its content is missing or damaged in storage. */
type EventTombstone = EventPlace & Required<Pick<Logged, "erased" | "erasedAt">>;
type Unreadable = EventPlace & Required<Pick<Logged, "unreadable">>;
/**
 * An event without its content, which is larger than the reader wants, or too large for one answer with the other
 * events.
 */
type Omitted = EventPlace & Required<Pick<Logged, "omitted">>;

export type LogEvent = StoredEvent | EventTombstone | Unreadable | Omitted;

/** Conditions for the events to read. An event must match all of them. */
export type EventQuery = {
  /** Only events after this place; 0 is the beginning. */
  after?: number;
  /** Only events before this place. */
  before?: number;
  type?: EventType;
  chatId?: string;
  ticketId?: string;
  /** ISO 8601: received at this time or later. */
  from?: string;
  /** ISO 8601: received before this time. */
  to?: string;
  /** The content of events with more bytes than this is left out. */
  maxPayload?: number;
};

/** A chat, derived from its events in any order. It is `erased` when only tombstones are left. */
export type ChatState = Omit<v.InferOutput<typeof StoredChat>, "events"> & { events: LogEvent[] };

/** Chats without their transcripts. */
export type ChatPage = v.InferOutput<typeof ChatPageSchema>;
export type ListedChat = ChatPage["items"][number];

/** An authenticated delivery that the app could not read. Only `get` returns `raw`. */
export type Quarantined = v.InferOutput<typeof QuarantinedDelivery>;

export type NewQuarantined = Pick<Required<Quarantined>, "expected" | "reason" | "problems" | "raw">;

/** The result of reading a quarantined body again: an event, or the reason why it still cannot be read. */
export type Understanding = { event: NewEvent } | { reason: string };
