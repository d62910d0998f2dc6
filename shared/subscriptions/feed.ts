import { coalesce } from "../core/coalesce.ts";
import { lazy } from "../core/lazy.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { OutgoingEvent } from "./message.ts";
import type { LogHead } from "./subscription.ts";
import { PAGE_EVENTS, PAGE_FRESH_MS, SHARED_PAGES } from "./times.ts";

/** A part of the log: all events after the place `after` up to the place `next`. */
export type FeedPage = {
  items: OutgoingEvent[];
  after: number;
  next: number;
  readAt: number;
  /** How many erasures this process knew when it began to read the page. */
  erasures: number;
};

export type Feed = ReturnType<typeof createFeed>;

/**
 * The log as one process reads it for its subscriptions. Subscriptions at the same place share one reading.
 *
 * @param now milliseconds since the epoch
 */
export function createFeed(
  log: Pick<EventLog, "head" | "list">,
  { now, wait }: { now: () => number; wait: (milliseconds: number) => Promise<unknown> },
) {
  const pages = new Map<string, () => Promise<FeedPage>>();
  let known: LogHead | undefined;
  let isDoubtful = false;
  let erasures = 0;
  /** Resolves when the known head changes. */
  let news = Promise.withResolvers<void>();

  const refresh = coalesce(async () => {
    isDoubtful = false;
    const { log: name, seq } = await log.head();
    // This process may have stored events during the reading.
    know({ log: name, seq: known?.log === name ? Math.max(known?.seq ?? 0, seq) : seq });
  });

  function know(head: LogHead): void {
    known = head;
    news.resolve();
    news = Promise.withResolvers();
  }

  async function load(after: number): Promise<FeedPage> {
    const begun = { after, erasures };
    const { items, next, head } = await log.list({ after, limit: PAGE_EVENTS });
    // No events although the head is further: retention has removed them.
    const end = items.length === 0 ? Math.max(next, head) : next;
    if (known && end > known.seq) know({ ...known, seq: end });
    // The page counts as fresh from the end of the reading. Otherwise the events of a slow reading would never be sent.
    return { ...begun, items, next: end, readAt: now() };
  }

  /** The end of the log as this process knows it; `undefined` when it must be read. */
  const knownHead = () => (isDoubtful ? undefined : known);

  async function readHead(): Promise<LogHead> {
    await refresh();
    return known as LogHead;
  }

  return {
    knownHead,
    /** Reads the end of the log. */
    readHead,
    /** The end of the log, which is read only when it is not known. */
    head: async () => knownHead() ?? readHead(),
    /** Records an event that this process has stored. */
    recordStored(seq: number): void {
      if (known && seq > known.seq) know({ ...known, seq });
      // The log was replaced, or a later event was recorded first. The next read of the head shows which.
      else isDoubtful = true;
    },
    /** Records an erasure: pages that were read before may contain an erased event. */
    recordErasure(): void {
      erasures += 1;
    },
    /** Reads the next events, at most {@link PAGE_EVENTS}. */
    read(after: number): Promise<FeedPage> {
      // The key has the head, because a page that was read before the log grew may lack the new events.
      const key = `${erasures} ${known?.log} ${after} ${known?.seq}`;
      const page = pages.get(key) ?? lazy(() => load(after), { freshFor: PAGE_FRESH_MS, now });
      pages.delete(key);
      pages.set(key, page);
      const [oldest] = pages.keys();
      if (pages.size > SHARED_PAGES && oldest !== undefined) pages.delete(oldest);
      return page();
    },
    /** Whether the events of a page may still be sent. A page that is too old may contain an erased event. */
    isFresh: (page: FeedPage) => page.erasures === erasures && now() - page.readAt < PAGE_FRESH_MS,
    /** Waits until there may be an event after the place `seq`, at most for this many milliseconds. */
    async awaitNews(seq: number, milliseconds: number): Promise<void> {
      if (known && known.seq > seq) return;
      await Promise.race([news.promise, wait(milliseconds)]);
    },
  };
}
