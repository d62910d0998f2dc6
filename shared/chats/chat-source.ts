import { NotFound, UpstreamFailed, UpstreamTimeout } from "../core/errors.ts";
import { inGroups } from "../core/in-groups.ts";
import { HOUR, MINUTE } from "../core/time.ts";
import type { ItemFacts, ItemPage, Source } from "../listing/source.ts";
import type { ChatReader } from "../livechat/live-chat.ts";
import { ChatAnonymized } from "../livechat/text/chat-anonymized.ts";
import type { MissingTranscript, ToldTextChat } from "../schemas/text-chat.ts";
import type { EventType } from "../schemas/webhook.ts";

/** A thread of the account, with what LiveChat tells of it. */
export type FoundThread = {
  threadId: string;
  chatId: string;
  isOver: boolean;
  /** Absent when LiveChat has the chat no longer; `missing` says why. */
  chat?: ToldTextChat;
  missing?: MissingTranscript;
};

type Ids = [chatId: string, threadId: string];

/** Where a reading stands: first the active chats, then the archive, then threads one by one. */
export type ChatPosition = {
  phase: "active" | "archive" | "single";
  /** The next page of the phase. */
  pageId?: string;
  /** ISO 8601: the archive is read from here on. */
  from: string;
  begunAt: number;
  pages: number;
  /** Threads that go on, as this reading has found. */
  active: Ids[];
  /** Threads that were active when the last reading ended, and that this reading has not met yet. */
  open: Ids[];
  /** Threads to be read one by one. */
  queue: Ids[];
  /** How many of those in a row could not be read. */
  failures: number;
};

/**
 * The archive may show a thread a little late, and which of its times the filter tests is not documented. A thread that
 * is longer than this was active in the reading before, and is looked for by its ids. In milliseconds.
 */
const ARCHIVE_OVERLAP = 10 * MINUTE;
/** How far the first reading looks back, in milliseconds. */
const LOOK_BACK = HOUR;
/** So many threads in a row that cannot be read are an outage. */
const FAILURES = 3;

/** Which events the log has of a thread. */
export type AskLog = (threadId: string) => Promise<ReadonlyMap<EventType, unknown>>;

/**
 * The account's threads that started or ended since the checkpoint. When no event is missing, this takes one call for
 * each hundred active chats, and one for each hundred ended threads; two in all for most accounts. Pages may shift and
 * repeat meanwhile: a thread is told as often as it shows, and the log takes it once.
 */
export function chatSource(chats: ChatReader, told: AskLog): Source<FoundThread, ChatPosition> {
  async function readActive(position: ChatPosition) {
    const { chats: found, next } = await chats.listActiveChats(position.pageId, BACKGROUND);
    const ids = found
      .filter(({ last_thread_summary: { active } }) => active !== false)
      .map(({ id, last_thread_summary: thread }): Ids => [id, thread.id]);
    const unknown = await where(ids, async ([, threadId]) => !(await told(threadId)).has("chat_started"));
    const changes = { active: [...position.active, ...ids], queue: [...position.queue, ...unknown] };
    return turn(position, { ...changes, phase: next ? "active" : "archive", pageId: next });
  }

  async function readArchive(position: ChatPosition) {
    const { pageId, from } = position;
    const { chats: found, next } = await chats.listArchives(pageId ? { pageId } : { from }, BACKGROUND);
    const items = found.map(threadOf);
    const met = new Set([...items.map(({ threadId }) => threadId), ...position.active.map(([, id]) => id)]);
    const open = position.open.filter(([, threadId]) => !met.has(threadId));
    if (next) return turn(position, { open, pageId: next }, items);
    // Threads that were active before, are no longer, and are in no archive page that was read. Its end may have come
    // by webhook.
    const ended = await where(open, async ([, threadId]) => !(await told(threadId)).has("chat_ended"));
    const queue = [...position.queue, ...ended];
    return turn(position, { phase: "single", pageId: undefined, open: [], queue }, items);
  }

  async function readSingle(position: ChatPosition) {
    const [ids = ["", ""] satisfies Ids, ...queue] = position.queue;
    try {
      return turn(position, { queue, failures: 0 }, [await readThread(...ids)]);
    } catch (error) {
      const failures = position.failures + 1;
      // Perhaps it is this chat alone: the next reading looks for it again, and the others need not wait for it.
      const isOfOne = error instanceof UpstreamFailed || error instanceof UpstreamTimeout;
      if (!isOfOne || failures === FAILURES) throw error;
      return turn(position, { queue, failures, active: [...position.active, ids] });
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

  return {
    facts: ({ threadId }): ItemFacts => ({ id: threadId }),
    begin({ since, now, memory }) {
      const lookBack = since ? since.key - ARCHIVE_OVERLAP : now - LOOK_BACK;
      const from = new Date(Math.max(0, lookBack)).toISOString();
      const open = isIds(memory) ? memory : [];
      return { phase: "active", from, begunAt: now, pages: 0, active: [], open, queue: [], failures: 0 };
    },
    read(position) {
      const { phase } = position;
      if (phase === "active") return readActive(position);
      return phase === "archive" ? readArchive(position) : readSingle(position);
    },
  };
}

const BACKGROUND = { priority: "background" } as const;

/** A page, after which the reading stands where the changes say. */
function turn(
  before: ChatPosition,
  changes: Partial<ChatPosition>,
  items: readonly FoundThread[] = [],
): ItemPage<FoundThread, ChatPosition> {
  const position = { ...before, ...changes, pages: before.pages + 1 };
  const { phase, pages, queue, begunAt, active } = position;
  const isOver = phase === "single" && queue.length === 0;
  return {
    position,
    items,
    progress: { page: pages, pages: pages + queue.length + (phase === "single" ? 0 : 1) },
    ...(isOver && {
      checkpoint: { key: begunAt, closed: false },
      memory: active,
      end: { doubts: [] },
    }),
  };
}

function threadOf(chat: ToldTextChat): FoundThread {
  const { id: chatId, thread } = chat;
  return { chatId, threadId: thread.id, isOver: thread.active !== true, chat };
}

function isIds(memory: unknown): memory is Ids[] {
  return Array.isArray(memory);
}

/** Questions to the log at the same time. */
const QUESTIONS = 16;

async function where<Item>(
  items: readonly Item[],
  isWanted: (item: Item) => Promise<boolean>,
): Promise<Item[]> {
  const answers = await Array.fromAsync(inGroups(items, QUESTIONS, isWanted));
  return items.filter((_, index) => answers[index]);
}
