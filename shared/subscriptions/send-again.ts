import type * as v from "valibot";
import { Conflict } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { LogEvent, StoredEvent } from "../event-log/types.ts";
import { examples } from "../schemas/examples.ts";
import type { SentAgain, SentTest } from "../schemas/subscription.ts";
import type { Attempts } from "./attempts.ts";
import type { Post } from "./post.ts";
import { type SentEvents, send } from "./send.ts";
import { isDelivered } from "./standing.ts";
import type { SubscriptionStore } from "./store.ts";
import type { KeptSubscription } from "./subscription.ts";
import { LAST_ATTEMPTS } from "./times.ts";

type Sent = v.InferOutput<typeof SentTest>;
type AllSent = v.InferOutput<typeof SentAgain>;

/** The events that a test sends. */
const EXAMPLES = {
  chat_started: examples.chatStarted,
  chat_ended: examples.chatEnded,
  ticket_created: examples.ticketCreated,
};

type SendAgainOptions = {
  store: Pick<SubscriptionStore, "change" | "parked" | "unpark">;
  log: Pick<EventLog, "get">;
  attempts: Pick<Attempts, "recordFailure">;
  post: Post;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** Makes the functions that send events at once and out of order, as an operator asks. */
export function createSendAgain({ store, log, attempts, post, now }: SendAgainOptions) {
  /** Sends an event of the log and stores the attempt. A parked event that is delivered is unparked. */
  async function sendEvent(event: StoredEvent, kept: KeptSubscription): Promise<Sent> {
    const sent = await send([event], kept, { post, now });
    await store.change(kept.id, (before) => ({
      ...before,
      attempts: [...before.attempts, sent.attempt].slice(-LAST_ATTEMPTS),
    }));
    if (isDelivered(sent.answer)) await store.unpark(kept.id, event.seq);
    await attempts.recordFailure(sent, kept, [event]);
    return toSent(sent);
  }

  return {
    /** Sends one event. @throws {Conflict} when the event was erased */
    async sendOne(event: LogEvent, kept: KeptSubscription): Promise<AllSent> {
      if (!("payload" in event)) throw new Conflict("The event was erased: there is nothing to send.");
      const sent = await sendEvent(event, kept);
      return { attempts: [sent], left: (await store.parked(kept.id)).length };
    },

    /** Sends parked events, oldest first, until one fails or `budgetMs` is over. */
    async sendParked(kept: KeptSubscription, budgetMs: number): Promise<AllSent> {
      const until = now() + budgetMs;
      const parked = await store.parked(kept.id);
      const sent: Sent[] = [];
      let left = parked.length;
      for (const { eventId, seq } of parked) {
        if (now() >= until) break;
        const event = await log.get(eventId);
        if (event && "payload" in event) {
          const one = await sendEvent(event, kept);
          sent.push(one);
          if (!one.delivered) break;
        } else await store.unpark(kept.id, seq);
        left -= 1;
      }
      return { attempts: sent, left };
    },

    /** Sends an example event, signed like a real one. Its attempt is not stored. */
    async sendExample(kept: KeptSubscription): Promise<Sent> {
      const [type = "chat_ended"] = kept.types ?? [];
      const id = `test_${crypto.randomUUID()}`;
      const at = toIso(now());
      const event = { id, seq: 0, type, occurredAt: at, receivedAt: at, payload: EXAMPLES[type] };
      return toSent(await send([event], kept, { post, now }));
    },
  };
}

function toSent({ attempt, answer, excerpt }: SentEvents): Sent {
  return { ...attempt, delivered: isDelivered(answer), excerpt };
}
