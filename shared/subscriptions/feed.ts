import { type EventLog, TRACE } from "../event-log/types.ts";
import type { EventType } from "../schemas/webhook.ts";
import { coalesce } from "./coalesce.ts";

/** An event as it is sent, to whomever. */
export type Outgoing = {
  seq: number;
  id: string;
  /** The payload as JSON; missing when the event was erased or cannot be read: there is nothing to send. */
  body?: string;
  /** The trace that the event came in by, as W3C `traceparent`. */
  trace?: string;
};

/** A part of the log; nothing of its type will ever appear at or before `next` that is not in it. */
export type Page = { items: Outgoing[]; next: number };

/** The log, read once for all subscribers of a process that are at the same place. */
export type Feed = {
  /** The last place of the log, as it is after the call. */
  head(): Promise<number>;
  /** The next events of a type: {@link PAGE} of them, or fewer when there are no more as far as is known. */
  read(type: EventType, after: number): Promise<Page>;
  /** Waits for the log to go on, at most until then (milliseconds since the epoch), and says whether it did. */
  beyond(seq: number, until: number): Promise<boolean>;
};

export type FeedOptions = {
  log: Pick<EventLog, "head" | "list">;
  /** Milliseconds since the epoch. */
  now: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
};

export const PAGE = 50;
/** Milliseconds between looks at the log's head. */
const POLL_MS = 100;
/** How many pages are kept, and for how many milliseconds: what is erased must not be sent for long. */
const KEPT_PAGES = 8;
const KEPT_MS = 1_000;

export function createFeed({ log, now, wait }: FeedOptions): Feed {
  const pages = new Map<string, { page: Promise<Page>; at: number }>();
  let known = 0;
  let poll: Promise<void> | undefined;

  const refresh = coalesce(async () => {
    known = (await log.head()).seq;
  });

  async function load(type: EventType, after: number): Promise<Page> {
    const { items, next } = await log.list({ type, after, limit: PAGE });
    const outgoing = items.map((event) => {
      const { seq, id } = event;
      if (!("payload" in event)) return { seq, id };
      return { seq, id, body: JSON.stringify(event.payload), trace: event[TRACE] };
    });
    return { items: outgoing, next };
  }

  return {
    async head() {
      await refresh();
      return known;
    },
    read(type, after) {
      // A page that was read when the log was shorter may lack what is asked for.
      const key = `${type} ${after} ${known}`;
      const found = pages.get(key);
      if (found && now() - found.at < KEPT_MS) return found.page;
      const page = load(type, after);
      pages.delete(key);
      pages.set(key, { page, at: now() });
      page.catch(() => pages.delete(key));
      const [oldest] = pages.keys();
      if (pages.size > KEPT_PAGES && oldest !== undefined) pages.delete(oldest);
      return page;
    },
    async beyond(seq, until) {
      while (known <= seq) {
        if (now() >= until) return false;
        poll ??= wait(POLL_MS)
          .then(refresh)
          .finally(() => {
            poll = undefined;
          });
        await poll;
      }
      return true;
    },
  };
}
