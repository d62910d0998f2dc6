import type { TableClient } from "@azure/data-tables";
import { Conflict, InvalidInput, NotFound } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { LogEvent, StoredEvent } from "../event-log/types.ts";
import type { SubscriptionInDetail, SubscriptionView } from "../schemas/subscription.ts";
import { type FailedAttempt, openAttempts, withoutEvent } from "./attempts.ts";
import { checkCallback, maskCallback } from "./callback.ts";
import { createDispatcher, type DispatcherOptions } from "./dispatcher.ts";
import { isWanted, onlyTypeOf, wantedEvents } from "./filter.ts";
import { heldThrough } from "./held-through.ts";
import { createPost } from "./post.ts";
import { createSendAgain } from "./send-again.ts";
import { newSecret } from "./sign.ts";
import { isDelivered } from "./standing.ts";
import { openSubscriptionStore } from "./store.ts";
import {
  type DeliveryAttempt,
  type KeptSubscription,
  type LogHead,
  moveTo,
  placeIn,
  resume,
  type Terms,
  termsOf,
  toParked,
} from "./subscription.ts";
import { LOOK_AHEAD, ROLL_MS, UNPARK_AT_ONCE } from "./times.ts";
import type { WakeUp } from "./wake-up.ts";

export type SubscriptionService = ReturnType<typeof openSubscriptionService>;

/**
 * Opens the subscriptions, with the operations of operators and subscribers, and with the dispatcher that delivers to
 * them. Each function with the id of a subscription throws {@link NotFound} when the subscription does not exist.
 *
 * @param allowLoopback permits callbacks to this machine and plain http; for local work only
 * @param now milliseconds since the epoch
 */
export function openSubscriptionService({
  table,
  log,
  wakeUp,
  allowLoopback,
  now = Date.now,
  wait,
}: {
  table: TableClient;
  log: Pick<EventLog, "head" | "list" | "get">;
  wakeUp: Pick<WakeUp, "subscribed" | "after">;
  allowLoopback: boolean;
} & Pick<DispatcherOptions, "now" | "wait">) {
  const store = openSubscriptionStore(table, now);
  const attempts = openAttempts(table);
  const post = createPost({ allowLoopback });
  const { sendOne, sendParked, sendExample } = createSendAgain({ store, log, attempts, post, now });
  // A failed attempt that cannot be stored must not delay the events.
  const onAttempt: DispatcherOptions["onAttempt"] = (...sent) =>
    attempts.recordFailure(...sent).catch(() => {});
  const { after } = wakeUp;
  const dispatcher = createDispatcher({ store, log, post, now, wait, wakeUp: after, onAttempt });

  async function find(id: string): Promise<KeptSubscription> {
    return existing(await store.get(id));
  }

  async function findEvent(id: string): Promise<LogEvent> {
    const event = await log.get(id);
    if (!event) throw new NotFound("There is no event with this id.");
    return event;
  }

  async function describe(
    kept: KeptSubscription,
    head: LogHead,
    parkedEvents: number,
  ): Promise<SubscriptionView> {
    const { id, createdAt, standing, missed, missedAt } = kept;
    const { url, ...terms } = termsOf(kept);
    const { state, failures, nextAttemptAt, lastAnswer } = standing;
    const { cursor, restartedAt } = placeIn(head, kept, now());
    const next = cursor < head.seq ? await nextWanted(kept, cursor) : undefined;
    const type = onlyTypeOf(kept);
    const callback = maskCallback(url);
    const waiting = { cursor, lag: next ? head.seq - cursor : 0, waitingSince: next?.receivedAt };
    const deliveries = { state, failures, nextAttemptAt, lastAnswer };
    const losses = { parkedEvents, missed, missedAt, restartedAt };
    return { id, type, ...terms, callback, createdAt, ...waiting, ...deliveries, ...losses };
  }

  async function describeInDetail(kept: KeptSubscription): Promise<SubscriptionInDetail> {
    const [head, all] = await Promise.all([log.head(), store.parked(kept.id)]);
    const parked = all.map(({ subscription: _, ...one }) => one);
    return { ...(await describe(kept, head, parked.length)), attempts: kept.attempts, parked };
  }

  /** The first wanted event after a place, among the next {@link LOOK_AHEAD} events of the log. */
  async function nextWanted(kept: KeptSubscription, after: number): Promise<StoredEvent | undefined> {
    return (await wantedEvents(log, kept, { after, most: LOOK_AHEAD }).next()).value;
  }

  async function change(...[id, to]: Parameters<typeof store.change>): Promise<SubscriptionInDetail> {
    const changed = existing(await store.change(id, to));
    startDelivery();
    return describeInDetail(changed);
  }

  /** Delivers at once, in this process or in one that the message wakes. */
  function startDelivery(): void {
    wakeUp.subscribed();
    dispatcher.changed();
  }

  /**
   * The places of parked events after `place` that the subscription wants, among the first {@link UNPARK_AT_ONCE}.
   */
  async function parkedAfter(place: number, kept: KeptSubscription): Promise<number[]> {
    const later = (await store.parked(kept.id)).filter(({ seq }) => seq > place);
    const wanted: number[] = [];
    for (const { eventId, seq } of later.slice(0, UNPARK_AT_ONCE)) {
      const event = await log.get(eventId);
      if (event && isWanted(event, kept)) wanted.push(seq);
    }
    return wanted;
  }

  return {
    /**
     * Subscribes a URL to all future events that the terms choose. A call with the URL and types of an existing
     * subscription changes its other terms.
     *
     * @throws {InvalidInput} when the URL must not be called
     */
    async subscribe(wanted: Pick<Terms, "url"> & Partial<Terms>) {
      await checkCallback(wanted.url, { allowLoopback });
      const { log: name, seq: cursor } = await log.head();
      const terms = termsOf({ format: "payload", batch: 1, policy: "block", ...wanted });
      const kept = await store.subscribe({ ...terms, log: name, cursor });
      startDelivery();
      const { url: _, ...agreed } = termsOf(kept);
      return { id: kept.id, secret: kept.secret, ...agreed };
    },

    /** Ends a subscription. Does nothing when it does not exist. */
    async unsubscribe(id: string): Promise<void> {
      await store.remove(id);
      dispatcher.changed();
    },

    async list(): Promise<SubscriptionView[]> {
      const [all, head, parked] = await Promise.all([store.list(), log.head(), store.parked()]);
      const counts = Map.groupBy(parked, ({ subscription }) => subscription);
      return Promise.all(all.map((kept) => describe(kept, head, counts.get(kept.id)?.length ?? 0)));
    },

    get: async (id: string): Promise<SubscriptionInDetail> => describeInDetail(await find(id)),

    /** Whether there is a subscription. */
    hasAny: async () => (await store.list()).length > 0,

    /** Retries the waiting events at once, also of a subscription that was given up. */
    resume: async (id: string): Promise<SubscriptionView> => withoutDetail(await change(id, resume)),

    /**
     * Sends all wanted events again from the place `seq` on. Parked events from there on are unparked, at most
     * {@link UNPARK_AT_ONCE} of them; an event that is refused again is parked again.
     *
     * @throws {InvalidInput} when the log ends before `seq`
     */
    async replay(id: string, seq: number): Promise<SubscriptionView> {
      const head = await log.head();
      const end = head.seq;
      if (seq > end + 1) {
        throw InvalidInput.at("seq", `seq must be at most ${end + 1}: the log ends at ${end}.`);
      }
      const changed = await change(id, async (kept) => {
        const { cursor } = placeIn(head, kept, now());
        // A second replay must not skip events that the first one has yet to send.
        const isReplaying = cursor < (kept.replayThrough ?? 0);
        const place = Math.min(Math.max(0, seq - 1), isReplaying ? cursor : end);
        const unpark = await parkedAfter(place, kept);
        return { ...moveTo(kept, place, head.log), replayThrough: end, unpark };
      });
      return withoutDetail(changed);
    },

    /** Parks the waiting event and continues with the next one. @throws {Conflict} when no event waits */
    async skip(id: string): Promise<SubscriptionInDetail> {
      const head = await log.head();
      let next: StoredEvent | undefined;
      return change(id, async (kept) => {
        const { cursor } = placeIn(head, kept, now());
        // The event of an earlier try no longer waits: that try has parked it, or it was delivered meanwhile.
        if (next && next.seq <= cursor) return kept;
        next = await nextWanted(kept, cursor);
        if (!next) throw new Conflict("No event waits for this subscription.");
        return { ...moveTo(kept, next.seq, head.log), park: toParked(next, kept.standing, now()) };
      });
    },

    /** Sends one event at once, out of order. @throws {Conflict} when the event was erased */
    async sendAgain(id: string, eventId: string) {
      const [kept, event] = await Promise.all([find(id), findEvent(eventId)]);
      return sendOne(event, kept);
    },

    /** Sends parked events, oldest first, until one fails or `budgetMs` is over. */
    sendParked: async (id: string, budgetMs: number) => sendParked(await find(id), budgetMs),

    /** Sends an example event, signed like a real one. */
    test: async (id: string) => sendExample(await find(id)),

    /** Gives a subscription a new secret. The former one also signs deliveries until `previousSecretUntil`. */
    async rollSecret(id: string) {
      const secret = newSecret();
      const until = toIso(now() + ROLL_MS);
      const roll = (before: KeptSubscription) =>
        before.secret === secret
          ? before
          : { ...before, secret, previousSecret: { secret: before.secret, until } };
      existing(await store.change(id, roll));
      dispatcher.changed();
      return { id, secret, previousSecretUntil: until };
    },

    /** The known attempts to deliver an event, oldest first. */
    async attemptsOf(eventId: string): Promise<(FailedAttempt & { callback?: string })[]> {
      const event = await findEvent(eventId);
      const { seq } = event;
      const [all, failed] = await Promise.all([store.list(), attempts.of(seq)]);
      const callbacks = new Map(all.map(({ id, url }) => [id, maskCallback(url)]));
      /** A batch has all wanted events from its first to its last. */
      const isPart = (attempt: DeliveryAttempt, terms: Terms) =>
        attempt.eventId === eventId ||
        ((attempt.firstSeq ?? attempt.seq) <= seq && seq < attempt.seq && isWanted(event, terms));
      const delivered = all.flatMap((kept) =>
        kept.attempts
          .filter((attempt) => isDelivered(attempt) && isPart(attempt, kept))
          .map((attempt) => ({ ...withoutEvent(attempt), eventId, seq, subscription: kept.id })),
      );
      return [...failed, ...delivered]
        .sort((one, other) => (one.at < other.at ? -1 : 1))
        .map((attempt) => ({ ...attempt, callback: callbacks.get(attempt.subscription) }));
    },

    dispatch: dispatcher.dispatch,
    stored: dispatcher.stored,
    stop: dispatcher.stop,
    /** Notes an erasure: events that were read before are read again. */
    erased: async () => dispatcher.erased(),
    /** The last place that retention may remove: see {@link heldThrough}. */
    heldThrough: (lostBefore: string) => heldThrough(lostBefore, { store, log, now }),
  };
}

function existing(found: KeptSubscription | undefined): KeptSubscription {
  if (found === undefined) throw new NotFound("There is no subscription with this id.");
  return found;
}

function withoutDetail({ attempts: _, parked: __, ...view }: SubscriptionInDetail): SubscriptionView {
  return view;
}
