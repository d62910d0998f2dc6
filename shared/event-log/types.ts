import type * as v from "valibot";
import type {
  ChatPage as ChatPageSchema,
  LoggedEvent,
  QuarantinedDelivery,
  StoredChat,
} from "../schemas/event.ts";
import type { EventType, Origin } from "../schemas/webhook.ts";

/** Something that happened in LiveChat, on its way into the log. All moments are ISO 8601 in UTC with milliseconds. */
export type NewEvent = {
  type: EventType;
  origin: Origin;
  /** The id of its chat, as `raw` has it. */
  chatId?: string;
  /** The id of its ticket, as `raw` has it. */
  ticketId?: string;
  /** When the chat started or ended. With type and chat id it identifies the event. */
  moment?: string;
  /** A chat has only one event of this type, at any time: `moment` does not count. */
  once?: boolean;
  /** When it happened. If LiveChat does not say, the log takes the time of receipt. */
  occurredAt?: string;
  /** The licence that LiveChat says it belongs to. Ids are unique in a licence. */
  licence?: string;
  /** What LiveChat sent, as JSON text, kept as it is. The envelope's token is already cut out. */
  raw: string;
  /** Email addresses of all visitors and requesters that `raw` names. Only hashes of them are stored beside it. */
  people?: readonly string[];
  /** The trace of its delivery, as W3C `traceparent`. */
  trace?: string;
};

/** The property of an event that holds the trace of its delivery. JSON does not show it. */
export const TRACE = Symbol("trace");

/** `duplicate`: the log had the event already. `id` and `seq` are those of the event in the log. */
export type Appended = { status: "stored" | "duplicate"; id: string; seq: number };

export type Append = (event: NewEvent) => Promise<Appended>;

type Logged = v.InferOutput<typeof LoggedEvent>;
type EventPlace = Pick<Logged, "id" | "seq" | "type" | "origin" | "occurredAt" | "receivedAt">;

/**
 * An event with its content: what LiveChat sent, normalised by today's schema on every reading. Content that no longer
 * fits it is given as it came, so readers still have it.
 */
export type StoredEvent = EventPlace &
  Pick<Logged, "api" | "chatId" | "ticketId"> & { payload: NonNullable<Logged["payload"]>; [TRACE]?: string };

/** The remains of an event that was erased on request, or whose content is missing or broken in storage. */
type EventTombstone = EventPlace & { erased: true; erasedAt: string };
type Unreadable = EventPlace & { unreadable: true };
/** An event whose content is too large to be given with others, or larger than the reader wants. */
type Omitted = EventPlace & { omitted: true };

export type LogEvent = StoredEvent | EventTombstone | Unreadable | Omitted;

/** Restrictions on the events to read. All given ones apply. */
export type EventQuery = {
  /** Only events behind this place; 0 is the beginning. */
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

/** A chat, put together from its events in any order. It is `erased` when only tombstones are left. */
export type ChatState = Omit<v.InferOutput<typeof StoredChat>, "events"> & { events: LogEvent[] };

/** Chats without their transcripts. */
export type ChatPage = v.InferOutput<typeof ChatPageSchema>;
export type ListedChat = ChatPage["items"][number];

/** A delivery that was authenticated but not understood. `raw` is given by `get` only. */
export type Quarantined = v.InferOutput<typeof QuarantinedDelivery>;

export type NewQuarantined = Pick<Quarantined, "expected" | "reason" | "problems"> & { raw: string };

/** What a reader makes of a quarantined body: an event, or why it is still none. */
export type Understanding = { understood: true; event: NewEvent } | { understood: false; reason: string };
