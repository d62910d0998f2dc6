import { type Feed, type Outgoing, PAGE } from "./feed.ts";
import { type Hold, type HoldOptions, hold, type Progress } from "./hold.ts";
import type { Answer, Post } from "./post.ts";
import { sign } from "./sign.ts";
import { afterAnswer, isDelivered } from "./standing.ts";
import type { Kept } from "./store.ts";
import { traceDelivery } from "./trace-delivery.ts";

export type ServeOptions = HoldOptions & {
  feed: Pick<Feed, "read" | "beyond">;
  post: Post;
  /** Milliseconds since the epoch after which no further event is begun. */
  until: number;
  /** Uniform in [0, 1). */
  random: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
  /** Whether it was removed by this process. */
  isRemoved: () => boolean;
  /** Told of every attempt. */
  onAnswer?: (answer: Answer) => void;
};

/**
 * Why serving ended: `done`: nothing of its type is left up to the place `through`; `paused`, not to be tried before then;
 * `given up`; out of `time`, with more to do; or `lost`, since it was removed or somebody else is at it.
 */
export type Served =
  | { end: "done"; through: number }
  | { end: "paused"; until: number }
  | { end: "given up" | "time" | "lost" };

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
/** Milliseconds after a write for which what comes next is sent without one: somebody else's change shows a little late. */
const SURE_MS = 500;

/**
 * Delivers to one subscriber all that is behind its cursor, in order. The cursor never passes an event that has not
 * arrived, so whoever goes on after this process, or beside it when it stood still for too long, can only repeat, and never
 * skip.
 *
 * @throws {StorageUnavailable} what was delivered since the last write will come again
 */
export async function serve(found: Kept, options: ServeOptions): Promise<Served> {
  const progress = { cursor: found.cursor, standing: found.standing };
  const held = hold(found, progress, options);
  try {
    return await deliverWhatIsBehind(found, progress, held, options);
  } finally {
    await held.end();
  }
}

async function deliverWhatIsBehind(
  { type, url, secret, cursor: begin }: Kept,
  progress: Progress,
  held: Hold,
  { feed, post, until, now, random, wait, isRemoved, onAnswer }: ServeOptions,
): Promise<Served> {
  let unsaved = 0;
  let deliveredAt = 0;

  for (;;) {
    const { items, next } = await feed.read(type, progress.cursor);
    let end = items.length > 0 ? ((await makeSure()) ?? (await deliverAll(items))) : undefined;
    if (end === undefined && items.length < PAGE) {
      progress.cursor = next;
      const lingering = deliveredAt + LINGER_MS;
      if (now() < lingering && (await feed.beyond(next, lingering))) continue;
      end = { end: "done", through: next };
    }
    if (end === undefined || end === "moved") continue;
    if (end.end === "lost" || !isWorthWriting()) return end;
    const outcome = await held.letGo();
    if (outcome === "kept") return end;
    if (outcome === "lost") return LOST;
  }

  async function deliverAll(events: Outgoing[]): Promise<Stop> {
    for (const { seq, id, body, trace } of events) {
      const stopped = body === undefined ? undefined : await deliver(id, body, trace);
      if (stopped) return stopped;
      progress.cursor = seq;
      unsaved += 1;
      if (unsaved < SAVE_EVENTS && held.age() < SAVE_MS) continue;
      const lost = await save();
      if (lost) return lost;
    }
    return undefined;
  }

  /** Sends an event until it has arrived. */
  async function deliver(id: string, body: string, trace?: string): Promise<Stop> {
    for (;;) {
      if (now() >= until) return { end: "time" };
      if (isRemoved()) return LOST;
      const headers = { ...HEADERS, ...sign(id, body, secret, now()) };
      const answer = await traceDelivery({ type, id, trace }, () => post(url, body, headers));
      progress.standing = afterAnswer(progress.standing, answer, { now: now(), random });
      onAnswer?.(answer);
      deliveredAt = now();
      if (isDelivered(answer)) return undefined;
      if (progress.standing.state === "given_up") return { end: "given up" };

      const nextAttempt = Date.parse(progress.standing.nextAttemptAt ?? "");
      if (nextAttempt - now() > PATIENCE) return { end: "paused", until: nextAttempt };
      const stopped = held.age() < SAVE_MS ? undefined : await save();
      if (stopped) return stopped;
      await wait(Math.max(0, nextAttempt - now()));
    }
  }

  /** Takes the subscription, or finds that it is still there. */
  async function makeSure(): Promise<Stop> {
    return held.isTaken() && held.age() < SURE_MS ? undefined : save();
  }

  async function save(): Promise<Stop> {
    unsaved = 0;
    const outcome = await held.keep();
    return outcome === "kept" ? undefined : outcome === "lost" ? LOST : outcome;
  }

  function isWorthWriting(): boolean {
    return held.isTaken() || progress.cursor - begin >= SETTLE;
  }
}

const HEADERS = { "content-type": "application/json", "user-agent": "livechat-functions" };
const LOST = { end: "lost" } as const;
/** Why delivering stopped, or that it goes on from another place; `undefined` when it did not. */
type Stop = Served | "moved" | undefined;
