import type { TableClient } from "@azure/data-tables";
import type * as v from "valibot";
import { Conflict, InvalidInput, NotFound, StorageUnavailable } from "../core/errors.ts";
import type { EventLog, LogEvent, StoredEvent } from "../event-log/types.ts";
import * as examples from "../schemas/examples.ts";
import type {
  SentTest,
  SubscriptionInDetail,
  Subscription as SubscriptionSchema,
} from "../schemas/subscription.ts";
import type { EventType } from "../schemas/webhook.ts";
import { excerptOf, type FailedAttempt, openAttempts } from "./attempts.ts";
import { maskCallback, readCallback } from "./callback.ts";
import { toAttempt } from "./deliver.ts";
import { createDispatcher, type Report } from "./dispatcher.ts";
import type { FeedHead } from "./feed.ts";
import { isWanted } from "./filter.ts";
import { type OutgoingEvent, toDelivery } from "./message.ts";
import { placeIn } from "./place.ts";
import { createPost } from "./post.ts";
import { checkName, type Resolver, systemResolver } from "./resolve.ts";
import { sign } from "./sign.ts";
import { isDelivered } from "./standing.ts";
import { moveTo, newSecret, openSubscriptions, resume } from "./store.ts";
import type { DeliveryAttempt, KeptSubscription, Subscription, Terms } from "./subscription.ts";
import { LAST_ATTEMPTS, ROLL_MS } from "./times.ts";
import type { WakeUp } from "./wake-up.ts";

export type SubscribersOptions = {
  table: TableClient;
  log: Pick<EventLog, "head" | "list" | "get">;
  wakeUp: Pick<WakeUp, "subscribed" | "after">;
  /** Lets callbacks go to http and to this machine; for local work only. */
  allowLoopback: boolean;
  resolve?: Resolver;
  /** Milliseconds since the epoch. */
  now?: () => number;
};

/** A subscription as its operator sees it, without secrets. */
export type Subscriber = v.InferOutput<typeof SubscriptionSchema>;

/** The same with its last attempts and its parked events. */
export type SubscriberInDetail = v.InferOutput<typeof SubscriptionInDetail>;

/** The result of sending an event by hand. */
export type Sent = v.InferOutput<typeof SentTest>;

export type NewSubscription = Pick<Terms, "url"> & Partial<Terms>;

export type Subscribers = {
  /**
   * Has every event that the terms choose, from now on, sent to a URL. The same types and URL are the same subscription,
   * whose other terms change.
   *
   * @throws {InvalidInput} when the URL may not be called
   */
  subscribe(terms: NewSubscription): Promise<Subscription>;
  /** Ends a subscription, if it is there. */
  unsubscribe(id: string): Promise<void>;
  list(): Promise<Subscriber[]>;
  /** @throws {NotFound} */
  get(id: string): Promise<SubscriberInDetail>;
  /**
   * Goes on from the event at place `seq`, which is the first that is sent again. Parked events from there on are no
   * longer parked, up to {@link UNPARK_AT_ONCE} of them.
   *
   * @throws {NotFound} @throws {InvalidInput} when the log does not reach that far
   */
  replay(id: string, seq: number): Promise<Subscriber>;
  /** Goes on at once where it stands, also when it was given up. @throws {NotFound} */
  resume(id: string): Promise<Subscriber>;
  /** Parks the event that waits, and goes on behind it. @throws {NotFound} @throws {Conflict} when none waits */
  skip(id: string): Promise<SubscriberInDetail>;
  /**
   * Sends one event at once, outside of the order; when it was parked and arrives, it is parked no more.
   *
   * @throws {NotFound} @throws {Conflict} when the event was erased
   */
  sendAgain(id: string, eventId: string): Promise<Sent>;
  /** Sends parked events, oldest first, until one fails or `budgetMs` is over. @throws {NotFound} */
  sendParked(id: string, budgetMs: number): Promise<{ attempts: Sent[]; left: number }>;
  /** How many events are parked for a subscription. */
  parkedEvents(id: string): Promise<number>;
  /** Sends an example, signed like an event. @throws {NotFound} */
  test(id: string): Promise<Sent>;
  /** Gives a subscription a new secret; the one before signs beside it until `previousSecretUntil`. @throws {NotFound} */
  rollSecret(id: string): Promise<{ id: string; secret: string; previousSecretUntil: string }>;
  /** The attempts to deliver an event, in the order of time. @throws {NotFound} when there is no such event */
  attemptsOf(eventId: string): Promise<(FailedAttempt & { callback?: string })[]>;
  /** Whether there is a subscription. */
  hasAny(): Promise<boolean>;
  /** See `Dispatcher.dispatch`. */
  dispatch(): Promise<Report | undefined>;
  /** See `Dispatcher.stored`. */
  stored(seq: number): Promise<boolean>;
  /** Begins no further delivery, and writes the places that were reached: the process is to end. */
  stop(): Promise<void>;
  /** An event was erased: pages of the log that were read before are not sent any more. */
  erased(): Promise<void>;
  /**
   * For retention: the place up to which every subscription has its events; retention keeps later events. Subscriptions
   * that have not got what was received before `lostBefore` (ISO 8601) are moved on, and what they miss by that is
   * counted.
   */
  heldThrough(lostBefore: string): Promise<number>;
};

/** What a test sends. */
const EXAMPLES: Record<EventType, unknown> = {
  chat_started: examples.chatStarted,
  chat_ended: examples.chatEnded,
  ticket_created: examples.ticketCreated,
};
/** How many events are looked at to find the next one that a subscription wants. */
const LOOK_AHEAD = 300;
/** How often a skip or a replay is tried when others change the subscription meanwhile. */
const CHANGE_ATTEMPTS = 20;
/** How many events are given up for lost in one write. */
const LOSE_EVENTS = 5_000;
/** How many parked events are forgotten in one write: a transaction has at most 100 changes. */
const UNPARK_AT_ONCE = 90;

/** Opens all that has to do with subscribers: who they are, and what they are sent. */
export function openSubscribers({
  table,
  log,
  wakeUp,
  allowLoopback,
  resolve = systemResolver,
  now = Date.now,
}: SubscribersOptions): Subscribers {
  const rules = { allowLoopback };
  const subscriptions = openSubscriptions({ table, now });
  const attempts = openAttempts(table);
  const iso = () => new Date(now()).toISOString();
  const post = createPost({ allowLoopback, resolve });
  const dispatcher = createDispatcher({
    ...{ subscriptions, log, post, now },
    wakeUp: wakeUp.after,
    async onAttempt(attempt, answer, { kept: { id, url }, events }) {
      if (isDelivered(answer)) return;
      const failed = { subscription: id, ...withoutEvent(attempt), excerpt: excerptOf(answer, url) };
      // What cannot be remembered must not hold up what is to be sent.
      await attempts.record(events, failed).catch(() => {});
    },
  });

  /** The first event behind its place that a subscription wants, as far as it is looked for. */
  async function nextWanted(kept: KeptSubscription, after: number): Promise<StoredEvent | undefined> {
    const [type] = kept.types?.length === 1 ? kept.types : [];
    for (let place = after, looked = 0; looked < LOOK_AHEAD; ) {
      const { items, next } = await log.list({ type, after: place, limit: looked === 0 ? 10 : 100 });
      const found = items.find((event) => isSendable(event) && isWanted(event, kept));
      if (found) return found as StoredEvent;
      if (items.length === 0) return undefined;
      looked += items.length;
      place = next;
    }
    return undefined;
  }

  async function describe(
    kept: KeptSubscription,
    head: { log?: string; seq: number },
    parkedEvents: number,
  ): Promise<Subscriber> {
    const { id, url, types, filter, format, batch, perMinute, policy, createdAt, standing } = kept;
    const { state, failures, nextAttemptAt, lastAnswer } = standing;
    const { cursor, restartedAt } = placeIn(head, kept, now());
    const next = cursor < head.seq ? await nextWanted(kept, cursor) : undefined;
    const [type] = types?.length === 1 ? types : [];
    return {
      ...{
        id,
        type,
        types,
        filter,
        format,
        batch,
        perMinute,
        policy,
        callback: maskCallback(url),
        createdAt,
      },
      ...{ cursor, lag: next ? head.seq - cursor : 0, waitingSince: next?.receivedAt },
      ...{ state, failures, nextAttemptAt, lastAnswer },
      ...{ parkedEvents, missed: kept.missed, missedAt: kept.missedAt, restartedAt },
    };
  }

  async function describeNow(kept: KeptSubscription): Promise<SubscriberInDetail> {
    const [head, parked] = await Promise.all([log.head(), subscriptions.parked(kept.id)]);
    const own = parked.map(({ subscription: _, ...one }) => one);
    return { ...(await describe(kept, head, own.length)), attempts: kept.attempts, parked: own };
  }

  async function find(id: string): Promise<KeptSubscription> {
    return there(await subscriptions.get(id));
  }

  async function changed(id: string, change: (now: Subscription) => Subscription): Promise<Subscriber> {
    const subscription = there(await subscriptions.change(id, change));
    goOn();
    const { attempts: _, parked: __, ...subscriber } = await describeNow(subscription);
    return subscriber;
  }

  function goOn(): void {
    wakeUp.subscribed();
    dispatcher.changed();
  }

  /** The places of the parked events, at most {@link UNPARK_AT_ONCE}, that are sent again from `place` on. */
  async function parkedBehind(kept: KeptSubscription, place: number): Promise<number[]> {
    const behind = (await subscriptions.parked(kept.id)).filter(({ seq }) => seq > place);
    const sent: number[] = [];
    for (const { eventId, seq } of behind.slice(0, UNPARK_AT_ONCE)) {
      const event = await log.get(eventId);
      if (event && isSendable(event) && isWanted(event, kept)) sent.push(seq);
    }
    return sent;
  }

  /** Sends one event by hand, and remembers the attempt. */
  async function sendNow(kept: KeptSubscription, event: OutgoingEvent): Promise<Sent> {
    const at = now();
    const message = toDelivery([event], kept);
    const headers = { "user-agent": "livechat-functions", ...message.headers, ...sign(message, kept, at) };
    const answer = await post(kept.url, message.body, headers);
    const attempt = toAttempt([event], answer, { at, durationMs: now() - at });
    return { ...attempt, delivered: isDelivered(answer), excerpt: excerptOf(answer, kept.url) };
  }

  async function sendEvent(kept: KeptSubscription, event: StoredEvent): Promise<Sent> {
    const { seq, id, chatId, ticketId } = event;
    const sent = await sendNow(kept, { ...event, subject: chatId ?? ticketId });
    const { delivered, excerpt, ...attempt } = sent;
    await subscriptions.change(kept.id, (now) => ({
      ...now,
      attempts: [...now.attempts, attempt].slice(-LAST_ATTEMPTS),
    }));
    if (delivered) await subscriptions.unpark(kept.id, seq);
    else await attempts.record([{ id, seq }], { subscription: kept.id, ...withoutEvent(attempt), excerpt });
    return sent;
  }

  return {
    async subscribe({ url, types, filter, format = "payload", batch = 1, perMinute, policy = "block" }) {
      await checkName(readCallback(url, rules), rules, resolve);
      const { log: name, seq: cursor } = await log.head();
      const terms = { url, types, filter, format, batch, perMinute, policy };
      const subscription = await subscriptions.subscribe({ ...terms, log: name, cursor });
      goOn();
      return subscription;
    },
    async unsubscribe(id) {
      await subscriptions.remove(id);
      dispatcher.forget(id);
    },
    async list() {
      const [all, head, parked] = await Promise.all([
        subscriptions.list(),
        log.head(),
        subscriptions.parked(),
      ]);
      const counts = Map.groupBy(parked, ({ subscription }) => subscription);
      return Promise.all(all.map((kept) => describe(kept, head, counts.get(kept.id)?.length ?? 0)));
    },
    get: async (id) => describeNow(await find(id)),
    async replay(id, seq) {
      const head = await log.head();
      const end = head.seq;
      if (seq > end + 1) {
        throw InvalidInput.at("seq", `seq must be at most ${end + 1}: the log ends at ${end}.`);
      }
      for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt += 1) {
        const kept = await find(id);
        const { cursor } = placeIn(head, kept, now());
        // A replay that is under way goes on: a later one does not skip what the earlier one has yet to send.
        const isReplaying = cursor < (kept.replayThrough ?? 0);
        const place = Math.min(Math.max(0, seq - 1), isReplaying ? cursor : end);
        const moved = { ...moveTo(kept, place, head.log), replayThrough: end };
        // The replay sends these: what is refused again is parked again.
        const unpark = await parkedBehind(kept, place);
        const written = await subscriptions.replace({ ...moved, etag: kept.etag }, { unpark });
        if (!written) continue;
        goOn();
        const { attempts: _, parked: __, ...subscriber } = await describeNow(written);
        return subscriber;
      }
      throw tooManyChanges();
    },
    resume: (id) => changed(id, resume),
    async skip(id) {
      const head = await log.head();
      for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt += 1) {
        const kept = await find(id);
        const { cursor } = placeIn(head, kept, now());
        const next = await nextWanted(kept, cursor);
        if (!next) throw new Conflict("No event waits for this subscription.");
        const since = iso();
        const parked = { eventId: next.id, seq: next.seq, since, attempts: kept.standing.failures };
        const written = await subscriptions.replace(
          { ...moveTo(kept, next.seq, head.log), etag: kept.etag },
          { park: parked },
        );
        if (!written) continue;
        goOn();
        return describeNow(written);
      }
      throw tooManyChanges();
    },
    async sendAgain(id, eventId) {
      const [kept, event] = await Promise.all([find(id), log.get(eventId)]);
      if (!event) throw new NotFound("There is no event with this id.");
      if (!isSendable(event)) throw new Conflict("The event was erased: there is nothing to send.");
      return sendEvent(kept, event);
    },
    async sendParked(id, budgetMs) {
      const until = now() + budgetMs;
      const kept = await find(id);
      const parked = await subscriptions.parked(id);
      const done: Sent[] = [];
      let left = parked.length;
      for (const { eventId, seq } of parked) {
        if (now() >= until) break;
        const event = await log.get(eventId);
        if (!event || !isSendable(event)) {
          await subscriptions.unpark(id, seq);
          left -= 1;
          continue;
        }
        const sent = await sendEvent(kept, event);
        done.push(sent);
        if (!sent.delivered) break;
        left -= 1;
      }
      return { attempts: done, left };
    },
    parkedEvents: async (id) => (await subscriptions.parked(id)).length,
    async test(id) {
      const kept = await find(id);
      const [type = "chat_ended"] = kept.types ?? [];
      const at = iso();
      return sendNow(kept, {
        ...{ id: `test_${crypto.randomUUID()}`, seq: 0, type, occurredAt: at, receivedAt: at },
        payload: EXAMPLES[type],
      });
    },
    async rollSecret(id) {
      const secret = newSecret();
      const until = new Date(now() + ROLL_MS).toISOString();
      const previous = (before: Subscription) => ({ secret: before.secret, until });
      there(
        await subscriptions.change(id, (before) => ({ ...before, secret, previousSecret: previous(before) })),
      );
      dispatcher.changed();
      return { id, secret, previousSecretUntil: until };
    },
    async attemptsOf(eventId) {
      const event = await log.get(eventId);
      if (!event) throw new NotFound("There is no event with this id.");
      const [all, failed] = await Promise.all([subscriptions.list(), attempts.of(event.seq)]);
      const callbacks = new Map(all.map(({ id, url }) => [id, maskCallback(url)]));
      const last = all.flatMap(({ id, attempts, ...terms }) =>
        attempts
          .filter((attempt) => isSuccess(attempt) && isPartOf(event, attempt, terms))
          .map((attempt) => ({ ...withoutEvent(attempt), eventId, seq: event.seq, subscription: id })),
      );
      return [...failed, ...last]
        .sort((one, other) => (one.at < other.at ? -1 : 1))
        .map((attempt) => ({ ...attempt, callback: callbacks.get(attempt.subscription) }));
    },
    hasAny: async () => (await subscriptions.list()).length > 0,
    dispatch: dispatcher.dispatch,
    stored: dispatcher.stored,
    stop: dispatcher.stop,
    erased: async () => dispatcher.erased(),
    async heldThrough(lostBefore) {
      const [all, head, parked] = await Promise.all([
        subscriptions.list(),
        log.head(),
        subscriptions.parked(),
      ]);
      if (all.length === 0) return Number.POSITIVE_INFINITY;
      const { items } = await log.list({ from: lostBefore, limit: 1 });
      const through = items[0] ? items[0].seq - 1 : head.seq;
      let held = Number.POSITIVE_INFINITY;
      for (const subscription of all) {
        const own = parked.filter((one) => one.subscription === subscription.id).map(({ seq }) => seq);
        held = Math.min(held, await lose(subscription, own, through, head));
      }
      return held;
    },
  };

  /**
   * Moves a subscription past what retention is about to remove, before it is removed: so nothing is lost uncounted.
   *
   * @param parked the places of its parked events
   * @returns the place up to which it has what it wants
   */
  async function lose(
    found: KeptSubscription,
    parked: number[],
    through: number,
    head: FeedHead,
  ): Promise<number> {
    let left = parked;
    for (let kept: KeptSubscription | undefined = found; kept; ) {
      const place = placeIn(head, kept, now());
      const lost = left.filter((seq) => seq <= through).slice(0, UNPARK_AT_ONCE);
      if (place.cursor >= through && lost.length === 0)
        return Math.min(place.cursor, ...left.map((seq) => seq - 1));
      const cursor = Math.max(place.cursor, Math.min(through, place.cursor + LOSE_EVENTS));
      const missed = lost.length + (await countWanted(kept, place.cursor, cursor));
      const change = {
        ...kept,
        ...place,
        cursor,
        ...(missed > 0 && { missed: kept.missed + missed, missedAt: iso() }),
      };
      const written = await subscriptions.replace(change, { unpark: lost });
      if (written) left = left.filter((seq) => !lost.includes(seq));
      kept = written ?? (await subscriptions.get(found.id));
    }
    return Number.POSITIVE_INFINITY;
  }

  async function countWanted(kept: KeptSubscription, from: number, through: number): Promise<number> {
    const [type] = kept.types?.length === 1 ? kept.types : [];
    let wanted = 0;
    for (let place = from; place < through; ) {
      const { items, next } = await log.list({ type, after: place });
      for (const event of items)
        if (event.seq <= through && isSendable(event) && isWanted(event, kept)) wanted++;
      if (items.length === 0) break;
      place = next;
    }
    return wanted;
  }
}

const tooManyChanges = () =>
  new StorageUnavailable("The subscription is changed by too many at once.", { retryAfter: 1 });

function there<Value>(found: Value | undefined): Value {
  if (found === undefined) throw new NotFound("There is no subscription with this id.");
  return found;
}

function isSendable(event: LogEvent): event is StoredEvent {
  return "payload" in event;
}

const isSuccess = ({ status = 0 }: DeliveryAttempt) => status >= 200 && status < 300;

/** Whether an event was sent with an attempt. Of a batch the ends are known, and those between were wanted. */
function isPartOf(event: LogEvent, { eventId, seq, firstSeq = seq }: DeliveryAttempt, terms: Terms): boolean {
  if (event.id === eventId) return true;
  return firstSeq <= event.seq && event.seq < seq && isSendable(event) && isWanted(event, terms);
}

function withoutEvent({ eventId: _, seq: __, firstSeq: ___, ...attempt }: DeliveryAttempt) {
  return attempt;
}
