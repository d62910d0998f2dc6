import { lazy } from "../core/lazy.ts";
import type { EventLog } from "../event-log/event-log.ts";
import { type LogEvent, TRACE } from "../event-log/types.ts";
import { coalesce } from "./coalesce.ts";
import type { OutgoingEvent } from "./message.ts";
import { FRESH_MS, PAGE_EVENTS, SHARED_PAGES } from "./times.ts";

/** A part of the log: every event behind `after` up to `next`. */
export type FeedPage = {
  items: OutgoingEvent[];
  after: number;
  next: number;
  readAt: number;
  edition: number;
};

export type FeedHead = { log?: string; seq: number };

export type Feed = ReturnType<typeof createFeed>;

/**
 * The log, read once for all subscribers of a process that are at the same place.
 *
 * @param now milliseconds since the epoch
 */
export function createFeed({
  log,
  now,
  wait,
}: {
  log: Pick<EventLog, "head" | "list">;
  now: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
}) {
  const pages = new Map<string, () => Promise<FeedPage>>();
  const waiting = new Set<{ seq: number; wake: () => void }>();
  let known: FeedHead | undefined;
  let isDoubtful = false;
  let edition = 0;

  const refresh = coalesce(async () => {
    isDoubtful = false;
    const { log: name, seq } = await log.head();
    // While this was asked, this process may have stored more.
    know({ log: name, seq: known?.log === name ? Math.max(known?.seq ?? 0, seq) : seq });
  });

  function know(head: FeedHead): void {
    known = head;
    for (const one of waiting) if (head.seq > one.seq) one.wake();
  }

  async function load(after: number): Promise<FeedPage> {
    const read = { after, edition };
    const { items, next, head } = await log.list({ after, limit: PAGE_EVENTS });
    // Retention may have removed what lay behind: then all up to the head is done.
    const end = items.length === 0 ? Math.max(next, head) : next;
    if (known && end > known.seq) know({ ...known, seq: end });
    // From now on: a page that took long to read must be of use, or nothing would ever be sent.
    return { ...read, items: items.map(toOutgoing), next: end, readAt: now() };
  }

  return {
    /** Reads where the log ends. */
    async head(): Promise<FeedHead> {
      await refresh();
      return known as FeedHead;
    },
    /** Where the log ends as far as is known without a read; `undefined` when that is not certain enough. */
    known: () => (isDoubtful ? undefined : known),
    /** Takes note of an event that this process has stored, and wakes those who await it. */
    note(seq: number): void {
      if (known && seq > known.seq) know({ ...known, seq });
      // A place that was given before: the log began anew, or another append of ours was told first. A read shows which.
      else isDoubtful = true;
    },
    /** The next events: {@link PAGE_EVENTS} of them at most. */
    read(after: number): Promise<FeedPage> {
      // A page that was read when the log was shorter may lack what is asked for.
      const key = `${edition} ${known?.log} ${after} ${known?.seq}`;
      const page = pages.get(key) ?? lazy(() => load(after), { freshFor: FRESH_MS, now });
      pages.delete(key);
      pages.set(key, page);
      const [oldest] = pages.keys();
      if (pages.size > SHARED_PAGES && oldest !== undefined) pages.delete(oldest);
      return page();
    },
    /** Goes up with every erasure that this process learns of: pages of an earlier edition must not be sent. */
    edition: () => edition,
    /** Takes note of an erasure. */
    noteErased(): void {
      edition += 1;
    },
    /** Waits until this process knows of an event behind `seq`, for so many milliseconds at most. */
    async beyond(seq: number, milliseconds: number): Promise<void> {
      if (known && known.seq > seq) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const one = { seq, wake: resolve };
      waiting.add(one);
      await Promise.race([promise, wait(milliseconds)]).finally(() => waiting.delete(one));
    },
  };
}

function toOutgoing(event: LogEvent): OutgoingEvent {
  const { seq, id, type, occurredAt, receivedAt } = event;
  const read = { seq, id, type, occurredAt, receivedAt };
  if (!("payload" in event)) return read;
  const { payload, chatId, ticketId } = event;
  return { ...read, payload, subject: chatId ?? ticketId, trace: event[TRACE] };
}
