import { type Feed, type Outgoing, PAGE } from "./feed.ts";
import type { Answer, Post } from "./post.ts";
import { sign } from "./sign.ts";
import { afterAnswer, isDelivered } from "./standing.ts";
import type { Kept, Subscriptions } from "./store.ts";

export type ServeOptions = {
  subscriptions: Pick<Subscriptions, "get" | "replace">;
  feed: Pick<Feed, "read" | "beyond">;
  post: Post;
  /** Who delivers: one name for a process, which serves a subscription once at a time. */
  holder: string;
  /** Milliseconds since the epoch after which no further event is begun. */
  until: number;
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
  /** Told of every attempt. */
  onAnswer?: (subscription: Kept, answer: Answer) => void;
};

/**
 * Why serving ended: `done`: nothing of its type is left up to the place `through`; `paused`, not to be tried before then;
 * `given up`; out of `time`, with more to do; or `lost`, since it was removed or somebody else is at it.
 */
export type Served =
  | { end: "done"; through: number }
  | { end: "paused"; until: number }
  | { end: "given up" | "time" | "lost" };

/**
 * Milliseconds for which a subscription is ours without a sign of life. It is renewed at least after every call of the
 * subscriber, which takes 10 s at most, and what it is renewed by takes 4 s at most.
 */
export const LEASE_MS = 20_000;
/** The cursor is written after so many events or milliseconds: what a process that dies has delivered beyond it comes again. */
const SAVE_EVENTS = 20;
const SAVE_MS = 1_000;
/** The longest pause, in milliseconds, that is waited for here; a longer one is left to a later wake-up. */
const PATIENCE = 2_000;
/**
 * How long after the last event the next one is waited for, in milliseconds: where events come in quick succession, a
 * wake-up and two writes for each would be too much.
 */
const LINGER_MS = 500;
/** How many events of other types a cursor may lag behind before it is worth a write to follow them. */
const SETTLE = 100;

/**
 * Delivers to one subscriber all that is behind its cursor, in order. Every write goes by the version that was read, so
 * whoever lost the subscription, or whose subscription was removed, learns of it at the next one and stops; and since a
 * cursor never passes an event that has not arrived, others can only repeat, and never skip.
 *
 * @throws {StorageUnavailable} what was delivered since the last write will come again
 */
export async function serve(
  found: Kept,
  { subscriptions, feed, post, holder, until, now, random, wait, onAnswer }: ServeOptions,
): Promise<Served> {
  let kept = found;
  let { cursor, standing } = found;
  let leased = false;
  let unsaved = 0;
  let savedAt = 0;
  let deliveredAt = 0;

  for (;;) {
    const { items, next } = await feed.read(kept.type, cursor);
    // Written before anything is sent: that takes the subscription, or finds that it is gone.
    let end = items.length > 0 ? ((await save()) ?? (await deliverAll(items))) : undefined;
    if (end === undefined && items.length < PAGE) {
      cursor = next;
      const lingering = deliveredAt + LINGER_MS;
      if (now() < lingering && (await feed.beyond(cursor, lingering))) continue;
      end = { end: "done", through: next };
    }
    if (end === undefined || end === MOVED) continue;
    const stopped = end.end === "lost" ? LOST : await letGo();
    if (stopped !== MOVED) return stopped ?? end;
  }

  async function deliverAll(events: Outgoing[]): Promise<Stop> {
    for (const { seq, id, body } of events) {
      const stopped = body === undefined ? undefined : await deliver(id, body);
      if (stopped) return stopped;
      cursor = seq;
      unsaved += 1;
      const lost = unsaved >= SAVE_EVENTS || now() - savedAt >= SAVE_MS ? await save() : undefined;
      if (lost) return lost;
    }
    return undefined;
  }

  /** Sends an event until it has arrived. */
  async function deliver(id: string, body: string): Promise<Stop> {
    for (;;) {
      if (now() >= until) return { end: "time" };
      const answer = await post(kept.url, body, { ...HEADERS, ...sign(id, body, kept.secret, now()) });
      standing = afterAnswer(standing, answer, { now: now(), random });
      onAnswer?.(kept, answer);
      deliveredAt = now();
      if (isDelivered(answer)) return undefined;
      if (standing.state === "given_up") return { end: "given up" };

      const nextAttempt = Date.parse(standing.nextAttemptAt ?? "");
      if (nextAttempt - now() > PATIENCE) return { end: "paused", until: nextAttempt };
      const stopped = await save();
      if (stopped) return stopped;
      await wait(Math.max(0, nextAttempt - now()));
    }
  }

  async function letGo(): Promise<typeof LOST | typeof MOVED | undefined> {
    if (leased) return save({ release: true });
    if (cursor - kept.cursor >= SETTLE) await subscriptions.replace({ ...kept, cursor });
    return undefined;
  }

  /** Writes how far it is, and takes, renews or ends the lease by that. */
  async function save({ release = false } = {}): Promise<typeof LOST | typeof MOVED | undefined> {
    const lease = release ? undefined : { holder, until: new Date(now() + LEASE_MS).toISOString() };
    const written = await subscriptions.replace({ ...kept, cursor, standing, lease });
    const current = written ?? (await subscriptions.get(kept.id));
    if (!current || (!written && current.lease?.holder !== holder)) return LOST;
    if (!written) {
      // Somebody resumed it, which leaves the cursor where it was last saved, or replayed it, which does not.
      if (current.cursor !== kept.cursor) cursor = current.cursor;
      standing = current.standing;
    }
    kept = current;
    leased = !release;
    unsaved = 0;
    savedAt = now();
    return written ? undefined : MOVED;
  }
}

const HEADERS = { "content-type": "application/json", "user-agent": "livechat-functions" };
const LOST = { end: "lost" } as const;
/** An operator changed the subscription meanwhile: it goes on from where they put it. */
const MOVED = "moved";
/** Why delivering stopped; `undefined` when it did not. */
type Stop = Served | typeof MOVED | undefined;
