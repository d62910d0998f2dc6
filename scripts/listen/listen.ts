import { setTimeout } from "node:timers/promises";
import { isWanted } from "../../shared/subscriptions/filter.ts";
import { type OutgoingEvent, toDelivery } from "../../shared/subscriptions/message.ts";
import { sign } from "../../shared/subscriptions/sign.ts";
import type { Terms } from "../../shared/subscriptions/subscription.ts";

type ListenOptions = Pick<Terms, "types" | "format"> & {
  /** The URL of the app's API, which ends in `/api`. */
  api: string;
  /** The URL that receives the events. */
  url: string;
  secret: string;
  /** Function key of the app. */
  key?: string;
  /** Only events after this place, which must be in the log; by default only new events. */
  after?: number;
  /** Takes a line about each event. */
  print: (line: string) => void;
  signal: AbortSignal;
};

type Page = { items: OutgoingEvent[]; next: number; head: number };

/** Milliseconds between two readings of a log without new events, and after a failure. */
const POLL_MS = 500;
const PAUSE_MS = 5_000;
/** Milliseconds for an answer of the URL, as for callbacks of subscriptions. */
const TIME_LIMIT = 10_000;

/**
 * Sends the events of an app's log to a URL, one by one. Each event is sent once, even if the URL answers with an
 * error. Polls until `signal` aborts, even while the app does not answer.
 *
 * @throws {Refused} when the app refuses the key, or has no place `after`
 */
export async function listen(options: ListenOptions): Promise<void> {
  const { api, url, key, print, signal, types } = options;
  const wait = (milliseconds: number) => setTimeout(milliseconds, undefined, { signal }).catch(() => {});
  let place = options.after;
  /** True after the app has accepted the place. */
  let isAccepted = false;
  while (!signal.aborted) {
    const page = await read();
    if (page === undefined) {
      await wait(PAUSE_MS);
      continue;
    }
    if ("detail" in page) {
      if (!isAccepted) throw new Refused(page.detail);
      print("the log was replaced: listening from its beginning");
      place = 0;
      isAccepted = false;
      continue;
    }
    isAccepted = true;
    if (place === undefined) {
      place = page.head;
      print(`listening from place ${place} on`);
      continue;
    }
    for (const event of page.items) {
      if (signal.aborted) return;
      if (isWanted(event, { types })) await send(event);
      place = event.seq;
    }
    place = Math.max(place, page.next);
    if (page.items.length === 0) await wait(POLL_MS);
  }

  /** Reads the page after `place`, or the reason why the log has no such place; `undefined` when the app fails. */
  async function read(): Promise<Page | { detail: string } | undefined> {
    const query = place === undefined ? "limit=1" : `after=${place}`;
    try {
      const response = await fetch(`${api}/events?${query}`, {
        headers: { ...(key && { "x-functions-key": key }) },
        signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
      });
      if (response.ok) return (await response.json()) as Page;
      if (response.status === 401 || response.status === 403) throw new Refused("the app refuses the key");
      if (response.status === 400) return (await response.json()) as { detail: string };
      print(`the app answered ${response.status}`);
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (!signal.aborted) print(`the app does not answer: ${codeOf(error)}`);
    }
    return undefined;
  }

  async function send(event: OutgoingEvent): Promise<void> {
    if (event.payload === undefined) return print(`${event.seq}  ${event.type}  erased, not sent`);
    const message = toDelivery([event], { format: options.format, batch: 1 });
    const now = Date.now();
    const headers = { ...message.headers, ...sign(message, options, now) };
    const outcome = await fetch(url, {
      method: "POST",
      headers,
      body: message.body,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT)]),
    }).then(
      ({ status }) => String(status),
      (error) => codeOf(error),
    );
    print(`${event.seq}  ${event.type}  ${event.id}  ${outcome}  ${Date.now() - now} ms`);
  }
}

/** The app refuses the function key or the place. */
class Refused extends Error {
  override name = "Refused";
}

/** The network's own code for a failure. */
function codeOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: string }; name?: string };
  return cause?.code ?? name ?? "failed";
}
