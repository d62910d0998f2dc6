import type { TableClient } from "@azure/data-tables";
import type * as v from "valibot";
import { Conflict, InvalidInput, NotFound } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { StoredEvent } from "../event-log/types.ts";
import { examples } from "../schemas/examples.ts";
import type {
  SentAgain,
  SentTest,
  SubscriptionInDetail,
  Subscription as SubscriptionSchema,
} from "../schemas/subscription.ts";
import { type FailedAttempt, openAttempts } from "./attempts.ts";
import { maskCallback, readCallback } from "./callback.ts";
import { createDispatcher } from "./dispatcher.ts";
import type { FeedHead } from "./feed.ts";
import { heldThrough } from "./hold.ts";
import { placeIn } from "./place.ts";
import { createPost } from "./post.ts";
import { checkName, type Resolver, systemResolver } from "./resolve.ts";
import { type SentEvents, send } from "./send.ts";
import { isDelivered } from "./standing.ts";
import { moveTo, newSecret, openSubscriptions, resume, termsOf } from "./store.ts";
import type { DeliveryAttempt, KeptSubscription, Terms } from "./subscription.ts";
import { LAST_ATTEMPTS, LOOK_AHEAD, ROLL_MS, UNPARK_AT_ONCE } from "./times.ts";
import type { WakeUp } from "./wake-up.ts";
import { isWantedEvent, onlyTypeOf, wantedEvents } from "./wanted.ts";

export type Subscribers = ReturnType<typeof openSubscribers>;

/** A subscription as its operator sees it, without secrets. */
export type Subscriber = v.InferOutput<typeof SubscriptionSchema>;
type Sent = v.InferOutput<typeof SentTest>;

/** The events that a test sends. */
const EXAMPLES = {
  chat_started: examples.chatStarted,
  chat_ended: examples.chatEnded,
  ticket_created: examples.ticketCreated,
};

/**
 * Opens the subscriptions with all that operators and subscribers do with them, and with the dispatcher that delivers to
 * them. Every function with an id throws {@link NotFound} for one that does not exist.
 *
 * @param allowLoopback lets callbacks go to http and to this machine; for local work only
 * @param now milliseconds since the epoch
 */
export function openSubscribers({
  table,
  log,
  wakeUp,
  allowLoopback,
  resolve = systemResolver,
  now = Date.now,
}: {
  table: TableClient;
  log: Pick<EventLog, "head" | "list" | "get">;
  wakeUp: Pick<WakeUp, "subscribed" | "after">;
  allowLoopback: boolean;
  resolve?: Resolver;
  now?: () => number;
}) {
  const rules = { allowLoopback };
  const subscriptions = openSubscriptions({ table, now });
  const attempts = openAttempts(table);
  const post = createPost({ allowLoopback, resolve });
  const dispatcher = createDispatcher({
    ...{ subscriptions, log, post, now },
    wakeUp: wakeUp.after,
    // What cannot be remembered must not hold up what is to be sent.
    onAttempt: (sent, to, events) => remember(sent, to, events).catch(() => {}),
  });

  /**
   * Has every event that the terms choose, from now on, sent to a URL. The same types and URL are the same subscription,
   * whose other terms change.
   *
   * @throws {InvalidInput} when the URL may not be called
   */
  async function subscribe(wanted: Pick<Terms, "url"> & Partial<Terms>) {
    await checkName(readCallback(wanted.url, rules), rules, resolve);
    const { log: name, seq: cursor } = await log.head();
    const terms = termsOf({ format: "payload", batch: 1, policy: "block", ...wanted });
    const kept = await subscriptions.subscribe({ ...terms, log: name, cursor });
    goOn();
    const { url: _, ...agreed } = termsOf(kept);
    return { id: kept.id, secret: kept.secret, ...agreed };
  }

  /** Ends a subscription, if it is there. */
  async function unsubscribe(id: string): Promise<void> {
    await subscriptions.remove(id);
    dispatcher.forget(id);
  }

  async function list(): Promise<Subscriber[]> {
    const [all, head, parked] = await Promise.all([subscriptions.list(), log.head(), subscriptions.parked()]);
    const counts = Map.groupBy(parked, ({ subscription }) => subscription);
    return Promise.all(all.map((kept) => describe(kept, head, counts.get(kept.id)?.length ?? 0)));
  }

  async function get(id: string): Promise<SubscriptionInDetail> {
    return inDetail(await find(id));
  }

  async function describe(kept: KeptSubscription, head: FeedHead, parkedEvents: number): Promise<Subscriber> {
    const { id, createdAt, standing, missed, missedAt } = kept;
    const { url, ...terms } = termsOf(kept);
    const { state, failures, nextAttemptAt, lastAnswer } = standing;
    const { cursor, restartedAt } = placeIn(head, kept, now());
    const next = cursor < head.seq ? await nextWanted(kept, cursor) : undefined;
    return {
      ...{ id, type: onlyTypeOf(kept), ...terms, callback: maskCallback(url), createdAt },
      ...{ cursor, lag: next ? head.seq - cursor : 0, waitingSince: next?.receivedAt },
      ...{ state, failures, nextAttemptAt, lastAnswer },
      ...{ parkedEvents, missed, missedAt, restartedAt },
    };
  }

  async function inDetail(kept: KeptSubscription): Promise<SubscriptionInDetail> {
    const [head, all] = await Promise.all([log.head(), subscriptions.parked(kept.id)]);
    const parked = all.map(({ subscription: _, ...one }) => one);
    return { ...(await describe(kept, head, parked.length)), attempts: kept.attempts, parked };
  }

  /** The first event behind its place that a subscription wants, as far as it is looked for. */
  async function nextWanted(kept: KeptSubscription, after: number): Promise<StoredEvent | undefined> {
    return (await wantedEvents(log, kept, { after, most: LOOK_AHEAD }).next()).value;
  }

  async function find(id: string): Promise<KeptSubscription> {
    return there(await subscriptions.get(id));
  }

  async function change(...[id, to]: Parameters<typeof subscriptions.change>): Promise<SubscriptionInDetail> {
    const changed = there(await subscriptions.change(id, to));
    goOn();
    return inDetail(changed);
  }

  function goOn(): void {
    wakeUp.subscribed();
    dispatcher.changed();
  }

  /**
   * Goes on from the event at place `seq`, which is the first that is sent again. Parked events from there on are no
   * longer parked, up to {@link UNPARK_AT_ONCE} of them.
   *
   * @throws {InvalidInput} when the log does not reach that far
   */
  async function replay(id: string, seq: number): Promise<Subscriber> {
    const head = await log.head();
    const end = head.seq;
    if (seq > end + 1) {
      throw InvalidInput.at("seq", `seq must be at most ${end + 1}: the log ends at ${end}.`);
    }
    const changed = await change(id, async (kept) => {
      const { cursor } = placeIn(head, kept, now());
      // A replay that is under way goes on: a later one does not skip what the earlier one has yet to send.
      const isReplaying = cursor < (kept.replayThrough ?? 0);
      const place = Math.min(Math.max(0, seq - 1), isReplaying ? cursor : end);
      // The replay sends these: what is refused again is parked again.
      const along = { unpark: await parkedBehind(kept, place) };
      return { ...moveTo(kept, place, head.log), replayThrough: end, along };
    });
    return withoutDetail(changed);
  }

  /** The places of the parked events, at most {@link UNPARK_AT_ONCE}, that are sent again from `place` on. */
  async function parkedBehind(kept: KeptSubscription, place: number): Promise<number[]> {
    const behind = (await subscriptions.parked(kept.id)).filter(({ seq }) => seq > place);
    const sent: number[] = [];
    for (const { eventId, seq } of behind.slice(0, UNPARK_AT_ONCE)) {
      const event = await log.get(eventId);
      if (event && isWantedEvent(event, kept)) sent.push(seq);
    }
    return sent;
  }

  /** Parks the event that waits, and goes on behind it. @throws {Conflict} when no event waits */
  async function skip(id: string): Promise<SubscriptionInDetail> {
    const head = await log.head();
    return change(id, async (kept) => {
      const next = await nextWanted(kept, placeIn(head, kept, now()).cursor);
      if (!next) throw new Conflict("No event waits for this subscription.");
      const { id: eventId, seq } = next;
      const park = { eventId, seq, since: toIso(now()), attempts: kept.standing.failures };
      return { ...moveTo(kept, seq, head.log), along: { park } };
    });
  }

  /** Keeps an attempt that failed. */
  async function remember(
    { attempt, answer, excerpt }: SentEvents,
    { id }: KeptSubscription,
    events: readonly { id: string; seq: number }[],
  ): Promise<void> {
    if (isDelivered(answer)) return;
    await attempts.record(events, { subscription: id, ...withoutEvent(attempt), excerpt });
  }

  /** Sends an event of the log, and remembers the attempt; when it was parked and arrives, it is parked no more. */
  async function sendEvent(event: StoredEvent, kept: KeptSubscription): Promise<Sent> {
    const { seq, chatId, ticketId } = event;
    const sent = await send([{ ...event, subject: chatId ?? ticketId }], kept, { post, now });
    await subscriptions.change(kept.id, (before) => ({
      ...before,
      attempts: [...before.attempts, sent.attempt].slice(-LAST_ATTEMPTS),
    }));
    if (isDelivered(sent.answer)) await subscriptions.unpark(kept.id, seq);
    await remember(sent, kept, [event]);
    return shown(sent);
  }

  /** Sends one event at once, outside of the order. @throws {Conflict} when the event was erased */
  async function sendAgain(id: string, eventId: string): Promise<v.InferOutput<typeof SentAgain>> {
    const [kept, event] = await Promise.all([find(id), findEvent(eventId)]);
    if (!("payload" in event)) throw new Conflict("The event was erased: there is nothing to send.");
    const sent = await sendEvent(event, kept);
    return { attempts: [sent], left: (await subscriptions.parked(id)).length };
  }

  /** Sends parked events, oldest first, until one fails or `budgetMs` is over. */
  async function sendParked(id: string, budgetMs: number): Promise<v.InferOutput<typeof SentAgain>> {
    const until = now() + budgetMs;
    const kept = await find(id);
    const parked = await subscriptions.parked(id);
    const sent: Sent[] = [];
    let left = parked.length;
    for (const { eventId, seq } of parked) {
      if (now() >= until) break;
      const event = await log.get(eventId);
      if (event && "payload" in event) {
        const one = await sendEvent(event, kept);
        sent.push(one);
        if (!one.delivered) break;
      } else await subscriptions.unpark(id, seq);
      left -= 1;
    }
    return { attempts: sent, left };
  }

  /** Sends an example, signed like an event. */
  async function test(id: string): Promise<Sent> {
    const kept = await find(id);
    const [type = "chat_ended"] = kept.types ?? [];
    const [at, payload] = [toIso(now()), EXAMPLES[type]];
    const event = {
      id: `test_${crypto.randomUUID()}`,
      seq: 0,
      type,
      occurredAt: at,
      receivedAt: at,
      payload,
    };
    return shown(await send([event], kept, { post, now }));
  }

  /** Gives a subscription a new secret; the one before signs beside it until `previousSecretUntil`. */
  async function rollSecret(id: string) {
    const secret = newSecret();
    const until = toIso(now() + ROLL_MS);
    there(
      await subscriptions.change(id, (before) => {
        return { ...before, secret, previousSecret: { secret: before.secret, until } };
      }),
    );
    dispatcher.changed();
    return { id, secret, previousSecretUntil: until };
  }

  /** The attempts to deliver an event, in the order of time. */
  async function attemptsOf(eventId: string): Promise<(FailedAttempt & { callback?: string })[]> {
    const event = await findEvent(eventId);
    const { seq } = event;
    const [all, failed] = await Promise.all([subscriptions.list(), attempts.of(seq)]);
    const callbacks = new Map(all.map(({ id, url }) => [id, maskCallback(url)]));
    /** Of a batch the ends are known, and those between were wanted. */
    const isPart = (attempt: DeliveryAttempt, terms: Terms) =>
      attempt.eventId === eventId ||
      ((attempt.firstSeq ?? attempt.seq) <= seq && seq < attempt.seq && isWantedEvent(event, terms));
    const delivered = all.flatMap((kept) =>
      kept.attempts
        .filter((attempt) => isDelivered(attempt) && isPart(attempt, kept))
        .map((attempt) => ({ ...withoutEvent(attempt), eventId, seq, subscription: kept.id })),
    );
    return [...failed, ...delivered]
      .sort((one, other) => (one.at < other.at ? -1 : 1))
      .map((attempt) => ({ ...attempt, callback: callbacks.get(attempt.subscription) }));
  }

  async function findEvent(id: string) {
    const event = await log.get(id);
    if (!event) throw new NotFound("There is no event with this id.");
    return event;
  }

  return {
    ...{
      subscribe,
      unsubscribe,
      list,
      get,
      replay,
      skip,
      sendAgain,
      sendParked,
      test,
      rollSecret,
      attemptsOf,
    },
    /** Goes on at once where it stands, also when it was given up. */
    resume: async (id: string): Promise<Subscriber> => withoutDetail(await change(id, resume)),
    /** Whether there is a subscription. */
    hasAny: async () => (await subscriptions.list()).length > 0,
    ...{ dispatch: dispatcher.dispatch, stored: dispatcher.stored, stop: dispatcher.stop },
    /** An event was erased: pages of the log that were read before are not sent any more. */
    erased: async () => dispatcher.erased(),
    heldThrough: (lostBefore: string) => heldThrough(lostBefore, { subscriptions, log, now }),
  };
}

function there<Value>(found: Value | undefined): Value {
  if (found === undefined) throw new NotFound("There is no subscription with this id.");
  return found;
}

function withoutDetail({ attempts: _, parked: __, ...subscriber }: SubscriptionInDetail): Subscriber {
  return subscriber;
}

function shown({ attempt, answer, excerpt }: SentEvents): Sent {
  return { ...attempt, delivered: isDelivered(answer), excerpt };
}

function withoutEvent({ eventId: _, seq: __, firstSeq: ___, ...attempt }: DeliveryAttempt) {
  return attempt;
}
