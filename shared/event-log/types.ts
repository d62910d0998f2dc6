import type * as v from "valibot";
import type {
  ChatPage as ChatPageSchema,
  LoggedEvent,
  QuarantinedDelivery,
  StoredChat,
} from "../schemas/event.ts";
import type { EventType, Origin } from "../schemas/webhook.ts";
import type { Hour } from "./hours.ts";

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
/** An event whose content is too large to be given with others. */
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
};

export type EventPage = {
  items: LogEvent[];
  /** The `after` of the next call. Nothing that the query chooses will ever appear at or before it. */
  next: number;
  /** The last place of the log when the page was read. */
  head: number;
};

/** A chat, put together from its events in any order. It is `erased` when only tombstones are left. */
export type ChatState = Omit<v.InferOutput<typeof StoredChat>, "events"> & { events: LogEvent[] };

/** Chats without their transcripts. */
export type ChatPage = v.InferOutput<typeof ChatPageSchema>;
export type ListedChat = ChatPage["items"][number];

/** What was authenticated but not understood. `raw` is given by `get` only. */
export type Quarantined = v.InferOutput<typeof QuarantinedDelivery>;

export type NewQuarantined = Pick<Quarantined, "expected" | "reason" | "problems"> & { raw: string };

/** What a reader makes of a quarantined body: an event, or why it is still none. */
export type Understanding = { understood: true; event: NewEvent } | { understood: false; reason: string };

export type Replayed = Appended | { status: "quarantined"; id: string; reason: string };

export type Quarantine = {
  /** Keeps a body; the same body again is the same entry. @throws {TooLarge} @throws {StorageUnavailable} */
  keep(delivery: NewQuarantined): Promise<{ id: string }>;
  /** Pages through the entries, or those of one reason, in the order of their ids. `next` is missing at the end. */
  list(page?: {
    limit?: number;
    cursor?: string;
    reason?: string;
  }): Promise<{ items: Quarantined[]; next?: string }>;
  get(id: string): Promise<Quarantined | undefined>;
  /** Whether there was such an entry. */
  remove(id: string): Promise<boolean>;
  /** How many there are; counting stops at 1,000, and `more` says so. */
  count(): Promise<{ count: number; more: boolean }>;
  /**
   * Reads an entry again; once it is understood it goes to the log and out of the quarantine. When the process dies
   * between the two, a repetition finds it in the log. `undefined` when there is no such entry.
   */
  replay(
    id: string,
    understand: (raw: string, expected: EventType) => Understanding,
  ): Promise<Replayed | undefined>;
};

/** Where the log ends. */
export type LogEnd = {
  /** Names the log. */
  log?: string;
  seq: number;
  receivedAt?: string;
  lastReceived: Partial<Record<EventType, string>>;
};

export type EventLog = {
  /**
   * Puts an event into the log, once for any number of deliveries. When this resolves, the event is durable.
   *
   * @throws {TooLarge} when `raw` has more than `MAX_BODY_BYTES`
   * @throws {StorageUnavailable} when that took too long (6 s by default) or failed. Whether the event was stored is
   *   then not known; appending it again finds out.
   */
  append(event: NewEvent): Promise<Appended>;
  /**
   * The next events, in the order of the log. A page has at most `limit` events (100 by default, at most 1,000) and
   * about 8 MiB, but at least one event unless the log ends: fewer than `limit` do not mean the end. No event does.
   */
  list(query?: EventQuery & { limit?: number }): Promise<EventPage>;
  /** All events from `after` to the end of the log, with constant memory. */
  events(query?: EventQuery): AsyncIterable<LogEvent>;
  get(id: string): Promise<LogEvent | undefined>;
  /** What LiveChat sent, but for the token. `undefined` also when it was erased. */
  getRaw(id: string): Promise<string | undefined>;
  chat(chatId: string): Promise<ChatState | undefined>;
  /** The types of events that the log has of a chat, by either API, and their places: the first of each type. Erased ones count. */
  told(chatId: string): Promise<ReadonlyMap<EventType, { id: string; seq: number; isErased: boolean }>>;
  /**
   * The chats whose first event stands before a place, last started first; those that were erased are not among them. A
   * page has at most `limit` (25 by default); fewer do not mean the end, `next: null` does.
   */
  chats(query?: { before?: number; limit?: number }): Promise<ChatPage>;
  /**
   * Where the log stands: its name, the last event's place and time, and when an event of each type was last received.
   * A log in another or an emptied table has another name; it has no name before the first event.
   */
  head(): Promise<LogEnd>;
  /** How many events of a type were received from `from` on and before `to` (ISO 8601); some 20 point reads. */
  count(query: { type: EventType; from: string; to: string }): Promise<number>;
  /** The events of each hour (UTC) that overlaps a span of time (ISO 8601), by type and origin; no empty hours. */
  countByHour(span: { from: string; to: string }): Promise<Hour[]>;
  quarantine: Quarantine;
  /** Writes and reads back a small row. @throws {StorageUnavailable} */
  probe(): Promise<void>;
};
