import { ChatAnonymized, NotFound, UpstreamFailed, UpstreamTimeout } from "../core/errors.ts";
import { HOUR, MINUTE, toIso } from "../core/time.ts";
import { inGroups } from "../core/values.ts";
import type { ItemPage, Source } from "../listing/source.ts";
import type { ChatReader } from "../livechat/live-chat.ts";
import type { MissingTranscript, RawTextChat } from "../schemas/text-chat.ts";
import type { EventType } from "../schemas/webhook.ts";

/** A thread of the account, with its content from LiveChat. */
export type FoundThread = {
  threadId: string;
  chatId: string;
  isOver: boolean;
  /** Absent when LiveChat no longer has the chat; `missing` has the reason. */
  chat?: RawTextChat;
  missing?: MissingTranscript;
};

type ThreadIds = [chatId: string, threadId: string];

/** The position of a reading. It reads the active chats, then the archive, then single threads. */
type ChatPosition = {
  phase: "active" | "archive" | "single";
  /** The next page of the phase. */
  pageId?: string;
  /** ISO 8601: the archive is read from this time on. */
  from: string;
  begunAt: number;
  pages: number;
  /** Threads that this reading found active. */
  active: ThreadIds[];
  /** Threads that the last reading found active, and this reading has not found yet. */
  open: ThreadIds[];
  /** Threads to read one by one. */
  queue: ThreadIds[];
  /** How many of these threads in a row could not be read. */
  failures: number;
};

/**
 * The reading of the archive begins this many milliseconds before the checkpoint, because the archive may show a thread
 * late. LiveChat does not document which time of a thread its filter tests. If it tests the start, the archive leaves
 * out a thread that lasted longer than this. The last reading found that thread active, so it is read by its ids.
 */
const ARCHIVE_OVERLAP = 10 * MINUTE;
/** Milliseconds that the first reading looks back. */
const LOOK_BACK = HOUR;
/** After this many unreadable threads in a row, the reading fails: LiveChat has an outage. */
const MAX_FAILURES = 3;
/** How many threads are looked up in the log at once. */
const LOOKUPS_AT_ONCE = 16;
const BACKGROUND = { priority: "background" } as const;

/** Returns the first event of each type that the log has of a thread. */
export type FirstEventsOf = (threadId: string) => Promise<ReadonlyMap<EventType, unknown>>;

/**
 * The account's threads that started or ended since the checkpoint. When no event is missing, a reading takes one
 * call for each hundred active chats, and one for each hundred ended threads: two calls for most accounts. Pages may
 * shift and repeat during a reading, so a thread may be returned twice. The log stores it once.
 */
export function chatSource(
  chats: ChatReader,
  firstEventsOf: FirstEventsOf,
): Source<FoundThread, ChatPosition> {
  async function readActive(position: ChatPosition) {
    const { chats: found, next } = await chats.listActiveChats(position.pageId, BACKGROUND);
    const ids = found
      .filter(({ last_thread_summary: { active } }) => active !== false)
      .map(({ id, last_thread_summary: thread }): ThreadIds => [id, thread.id]);
    const queue = [...position.queue, ...(await withoutEvent("chat_started", ids))];
    const active = [...position.active, ...ids];
    return pageAfter(position, { active, queue, phase: next ? "active" : "archive", pageId: next });
  }

  async function readArchive(position: ChatPosition) {
    const { pageId, from } = position;
    const { chats: found, next } = await chats.listArchives(pageId ? { pageId } : { from }, BACKGROUND);
    const items = found.map(threadOf);
    const met = new Set([...items.map(({ threadId }) => threadId), ...position.active.map(([, id]) => id)]);
    const open = position.open.filter(([, threadId]) => !met.has(threadId));
    if (next) return pageAfter(position, { open, pageId: next }, items);
    // Threads that are no longer active, and that no archive page showed. The webhook may have reported their end
    // already.
    const queue = [...position.queue, ...(await withoutEvent("chat_ended", open))];
    return pageAfter(position, { phase: "single", pageId: undefined, open: [], queue }, items);
  }

  async function readSingle(position: ChatPosition) {
    const [ids = ["", ""] satisfies ThreadIds, ...queue] = position.queue;
    try {
      return pageAfter(position, { queue, failures: 0 }, [await readThread(...ids)]);
    } catch (error) {
      const failures = position.failures + 1;
      // Perhaps only this chat is unreadable. The next reading tries it again, so the other chats need not wait.
      const isOfOne = error instanceof UpstreamFailed || error instanceof UpstreamTimeout;
      if (!isOfOne || failures === MAX_FAILURES) throw error;
      return pageAfter(position, { queue, failures, active: [...position.active, ids] });
    }
  }

  async function readThread(chatId: string, threadId: string): Promise<FoundThread> {
    try {
      return threadOf(await chats.getChat(chatId, threadId, BACKGROUND));
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      const missing = error instanceof ChatAnonymized ? "anonymized" : "gone";
      return { threadId, chatId, isOver: true, missing };
    }
  }

  /** The threads without an event of this type in the log. */
  async function withoutEvent(type: EventType, threads: readonly ThreadIds[]): Promise<ThreadIds[]> {
    const events = inGroups(threads, LOOKUPS_AT_ONCE, ([, threadId]) => firstEventsOf(threadId));
    const known = await Array.fromAsync(events);
    return threads.filter((_, index) => !known[index]?.has(type));
  }

  return {
    facts: ({ threadId }) => ({ id: threadId }),
    begin({ since, now, memory }) {
      const lookBack = since ? since.key - ARCHIVE_OVERLAP : now - LOOK_BACK;
      const from = toIso(Math.max(0, lookBack));
      const open: ThreadIds[] = Array.isArray(memory) ? memory : [];
      return { phase: "active", from, begunAt: now, pages: 0, active: [], open, queue: [], failures: 0 };
    },
    read(position) {
      const { phase } = position;
      if (phase === "active") return readActive(position);
      return phase === "archive" ? readArchive(position) : readSingle(position);
    },
  };
}

/** A page, and the position of the reading after it. */
function pageAfter(
  before: ChatPosition,
  changes: Partial<ChatPosition>,
  items: readonly FoundThread[] = [],
): ItemPage<FoundThread, ChatPosition> {
  const position = { ...before, ...changes, pages: before.pages + 1 };
  const { phase, pages, queue, begunAt: key, active } = position;
  const isOver = phase === "single" && queue.length === 0;
  const progress = { page: pages, pages: pages + queue.length + (phase === "single" ? 0 : 1) };
  const end = isOver && { checkpoint: { key, closed: false }, memory: active, end: { doubts: [] } };
  return { position, items, progress, ...end };
}

function threadOf(chat: RawTextChat): FoundThread {
  const { id: chatId, thread } = chat;
  return { chatId, threadId: thread.id, isOver: thread.active !== true, chat };
}
