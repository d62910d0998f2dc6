import { toIso } from "../core/time.ts";
import {
  type DeliveryState,
  type End,
  isWorthWriting,
  merge,
  nextDeliveryStep,
  type Orders,
} from "./decide.ts";
import type { Feed } from "./feed.ts";
import type { OutgoingEvent } from "./message.ts";
import { placeIn } from "./place.ts";
import type { Post } from "./post.ts";
import { noteRequest } from "./rate.ts";
import { type SentEvents, send } from "./send.ts";
import { afterAnswer, afterParking, isDelivered, isRefusal } from "./standing.ts";
import type { Subscriptions } from "./store.ts";
import type { KeptSubscription, Parked } from "./subscription.ts";
import { LAST_ATTEMPTS, LEASE_MS, RENEW_MS } from "./times.ts";
import { countGivenUp, traceDelivery } from "./trace-delivery.ts";

export type DeliverOptions = {
  subscriptions: Pick<Subscriptions, "get" | "replace">;
  feed: Pick<Feed, "head" | "known" | "edition" | "read" | "beyond">;
  post: Post;
  /** The id of this process. */
  holder: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
  /** Does some work every so many milliseconds, until the function that it returns is called. */
  every: (milliseconds: number, work: () => void) => () => void;
  /** Called with every attempt, and awaited when it failed. */
  onAttempt?: (sent: SentEvents, to: KeptSubscription, events: OutgoingEvent[]) => Promise<void> | undefined;
};

/**
 * Delivers the events after a subscription's cursor, in order, step by step as {@link nextDeliveryStep} decides. The
 * cursor never passes a wanted event that has not arrived or been parked, so a process that goes on after this one, or
 * beside it when it stood still for too long, can only repeat events, never skip one.
 *
 * @returns why it ended, the row as it was last seen, and the place that was reached, which need not be written
 * @param from the cursor, if more than the row says is known to hold nothing that is wanted
 * @throws {StorageUnavailable} what was delivered since the last write will come again
 */
export async function deliver(
  found: KeptSubscription,
  from: number,
  orders: Orders,
  { subscriptions, feed, post, holder, now, random, wait, every, onAttempt }: DeliverOptions,
) {
  const { standing, attempts, sent, log, moves, restartedAt } = found;
  let state: DeliveryState = {
    ...{ kept: found, place: { log, cursor: from, moves, restartedAt }, standing, attempts, sent },
    lease: { isTaken: false, writtenAt: Number.NEGATIVE_INFINITY },
    ...{ unsaved: 0, deliveredAt: Number.NEGATIVE_INFINITY, oneByOneThrough: 0 },
  };
  /** Writes follow each other: each is conditional on the one before. */
  let writing: Promise<unknown> = Promise.resolve();
  let isWriting = false;
  const stop = every(RENEW_MS, renew);
  try {
    return await run();
  } finally {
    stop();
    await writing;
  }

  async function run(): Promise<ReturnType<typeof ended>> {
    for (;;) {
      const head = feed.known() ?? (await feed.head());
      // The write that decide then asks for meets another ETag, and takes over what was changed.
      if (orders.isChanged) state.lease = { ...state.lease, writtenAt: Number.NEGATIVE_INFINITY };
      orders.isChanged = false;
      const step = nextDeliveryStep(state, { ...orders, now: now(), head, edition: feed.edition() });
      let outcome: WriteOutcome | undefined;
      switch (step.do) {
        case "find place":
          // What is known of the head may be old, and then a place may well lie behind it.
          state = { ...state, page: undefined, place: placeIn(await feed.head(), state.place, now()) };
          break;
        case "read":
          state.page = await feed.read(state.place.cursor);
          break;
        case "pass":
          state.place = { ...state.place, cursor: step.to };
          break;
        case "write":
          outcome = await write();
          break;
        case "pause":
          await wait(step.forMs);
          break;
        case "send":
          await sendNext(step.events);
          break;
        case "park":
          outcome = await park(step.event);
          break;
        case "linger":
          await feed.beyond(state.place.cursor, step.forMs);
          break;
        case "end":
          if (step.end.why === "lost" || !isWorthWriting(state)) return ended(step.end);
          outcome = await write({ letGo: true });
          if (outcome === "written") return ended(step.end);
      }
      if (outcome === "lost") return ended({ why: "lost" });
    }
  }

  function ended(end: End) {
    return { end, kept: state.kept, through: state.place.cursor };
  }

  async function sendNext(events: OutgoingEvent[]): Promise<void> {
    const { kept } = state;
    const [first] = events as [OutgoingEvent];
    const last = events.at(-1) as OutgoingEvent;
    const at = now();
    const sent = await traceDelivery({ ...first, events: events.length }, () =>
      send(events, kept, { post, now }),
    );
    const { answer, attempt } = sent;
    const isAlone = events.length === 1;
    const about = { seq: isAlone ? first.seq : undefined, policy: kept.policy };
    state = {
      ...state,
      standing: afterAnswer(state.standing, answer, { ...about, now: now(), random }),
      attempts: [...state.attempts, attempt].slice(-LAST_ATTEMPTS),
      sent: kept.perMinute === undefined ? [] : noteRequest(state.sent, at),
      deliveredAt: now(),
      ...(!isAlone && isRefusal(answer) && { oneByOneThrough: last.seq }),
    };
    if (isDelivered(answer)) {
      state.place = { ...state.place, cursor: last.seq };
      state.unsaved += events.length;
    }
    if (state.standing.state === "given_up") countGivenUp(first);
    await onAttempt?.(sent, kept, events);
  }

  /** Parks an event and moves the place after it, in one write. */
  function park({ id: eventId, seq }: OutgoingEvent): Promise<WriteOutcome> {
    const { place, standing } = state;
    const parked = { eventId, seq, since: toIso(now()), attempts: standing.failures };
    return write({ parked, after: { place: { ...place, cursor: seq }, standing: afterParking(standing) } });
  }

  /** Writes the row, and takes, renews or releases the lease. */
  function write({ after, ...change }: RowChange = {}): Promise<WriteOutcome> {
    return inTurn(async () => {
      const at = now();
      const written = await replace({ ...state, ...after }, at, change);
      if (written) {
        const lease = { isTaken: !change.letGo, writtenAt: at };
        state = { ...state, ...after, kept: written, lease, unsaved: 0 };
        return "written";
      }
      const current = await subscriptions.get(state.kept.id);
      if (!current || current.lease?.holder !== holder) return "lost";
      state = { ...merge(state, current), lease: { isTaken: true, writtenAt: Number.NEGATIVE_INFINITY } };
      return "changed";
    });
  }

  /** While a callback takes its time. What others changed is found by the write before the next send. */
  function renew(): void {
    const at = now();
    if (!state.lease.isTaken || isWriting || at - state.lease.writtenAt < RENEW_MS) return;
    const renewed = inTurn(async () => {
      const written = await replace(state, at);
      // While this was written, an answer may have come in: only what was written is put into the state.
      if (written) state = { ...state, kept: written, lease: { isTaken: true, writtenAt: at } };
    });
    // The write before the next send tries again.
    renewed.catch(() => {});
  }

  function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = writing.then(async () => {
      isWriting = true;
      return work().finally(() => {
        isWriting = false;
      });
    });
    writing = done.catch(() => {});
    return done;
  }

  function replace(
    { kept, place, standing, attempts, sent }: DeliveryState,
    at: number,
    { letGo = false, parked }: Omit<RowChange, "after"> = {},
  ): Promise<KeptSubscription | undefined> {
    const lease = letGo ? undefined : { holder, until: toIso(at + LEASE_MS) };
    const changed = { ...kept, ...place, standing, attempts, sent, lease };
    return subscriptions.replace(changed, parked && { park: parked });
  }
}

/** The further changes of a write that renews the lease, and the state after it. */
type RowChange = { letGo?: boolean; parked?: Parked; after?: Pick<DeliveryState, "place" | "standing"> };
type WriteOutcome = "written" | "changed" | "lost";
