import type { TableClient } from "@azure/data-tables";
import { InvalidInput, NotFound } from "../core/errors.ts";
import type { EventLog } from "../event-log/types.ts";
import type { EventType } from "../schemas/webhook.ts";
import { maskCallback, readCallback } from "./callback.ts";
import { createDispatcher, type Report } from "./dispatcher.ts";
import { createPost } from "./post.ts";
import { checkName, type Resolver, systemResolver } from "./resolve.ts";
import type { Standing } from "./standing.ts";
import { type Kept, openSubscriptions, resume, type Subscription } from "./store.ts";
import type { WakeUp } from "./wake-up.ts";

export type SubscribersOptions = {
  table: TableClient;
  log: Pick<EventLog, "head" | "list">;
  wakeUp: WakeUp;
  /** Lets callbacks go to http and to this machine; for local work only. */
  allowLoopback: boolean;
  resolve?: Resolver;
};

/** A subscription as its operator sees it, without what is secret. */
export type Subscriber = Omit<Standing, "failingSince" | "gone"> & {
  id: string;
  type: EventType;
  /** Where its callback leads: the host, and nothing of what may be a key. */
  callback: string;
  createdAt: string;
  cursor: number;
  /** How many places of the log it is behind; 0 when no event of its type waits. */
  lag: number;
  /** When the event was received that it gets next; missing when none waits. */
  waitingSince?: string;
};

export type Subscribers = {
  /**
   * Has every event of a type, from now on, sent to a URL. The same type and URL is the same subscription.
   *
   * @throws {InvalidInput} when the URL may not be called
   */
  subscribe(type: EventType, url: string): Promise<Pick<Subscription, "id" | "type" | "secret">>;
  /** Ends a subscription, if it is there. */
  unsubscribe(id: string): Promise<void>;
  list(): Promise<Subscriber[]>;
  /**
   * Goes on from the event at place `seq`, which is the first that is sent again.
   *
   * @throws {NotFound} @throws {InvalidInput} when the log does not reach that far
   */
  replay(id: string, seq: number): Promise<Subscriber>;
  /** Goes on at once where it stands, also when it was given up. @throws {NotFound} */
  resume(id: string): Promise<Subscriber>;
  anybody(): Promise<boolean>;
  /** See `Dispatcher.dispatch`. */
  dispatch(): Promise<Report | undefined>;
};

/** Opens all that has to do with subscribers: who they are, and what they are sent. */
export function openSubscribers({
  table,
  log,
  wakeUp,
  allowLoopback,
  resolve = systemResolver,
}: SubscribersOptions): Subscribers {
  const rules = { allowLoopback };
  const subscriptions = openSubscriptions({ table });
  const post = createPost({ allowLoopback, resolve });
  const { dispatch, forget } = createDispatcher({ subscriptions, log, post, wakeUp: wakeUp.after });

  async function describe({ id, type, url, createdAt, cursor, standing }: Kept, end: number) {
    const next = cursor < end ? (await log.list({ type, after: cursor, limit: 1 })).items[0] : undefined;
    const { failingSince: _, gone: __, ...known } = standing;
    const waiting = { lag: next ? end - cursor : 0, waitingSince: next?.receivedAt };
    return { id, type, callback: maskCallback(url), createdAt, cursor, ...waiting, ...known };
  }

  async function changed(id: string, change: (now: Subscription) => Subscription): Promise<Subscriber> {
    const subscription = await subscriptions.change(id, change);
    if (!subscription) throw new NotFound("There is no subscription with this id.");
    wakeUp.subscribed();
    return describe(subscription, (await log.head()).seq);
  }

  return {
    async subscribe(type, url) {
      await checkName(readCallback(url, rules), rules, resolve);
      const { seq: cursor } = await log.head();
      const { id, secret } = await subscriptions.subscribe({ type, url, cursor });
      wakeUp.subscribed();
      return { id, type, secret };
    },
    async unsubscribe(id) {
      await subscriptions.remove(id);
      forget(id);
    },
    async list() {
      const [all, { seq }] = await Promise.all([subscriptions.list(), log.head()]);
      return Promise.all(all.map((subscription) => describe(subscription, seq)));
    },
    async replay(id, seq) {
      const { seq: end } = await log.head();
      if (seq > end + 1) {
        throw InvalidInput.at("seq", `seq must be at most ${end + 1}: the log ends at ${end}.`);
      }
      return changed(id, (now) => ({ ...resume(now), cursor: Math.max(0, seq - 1) }));
    },
    resume: (id) => changed(id, resume),
    anybody: async () => (await subscriptions.list()).length > 0,
    dispatch,
  };
}
