import { toIso } from "../core/time.ts";
import { excerptOf } from "./attempts.ts";
import { type OutgoingEvent, toDelivery } from "./message.ts";
import type { CallbackAnswer, Post } from "./post.ts";
import { sign } from "./sign.ts";
import type { DeliveryAttempt, Subscription } from "./subscription.ts";

/** What came of it; `excerpt` is how a failing answer began, as far as it may be kept. */
export type SentEvents = { answer: CallbackAnswer; attempt: DeliveryAttempt; excerpt?: string };

/** Sends events together, in the form that the subscription asked for, and signed. */
export async function send(
  events: readonly OutgoingEvent[],
  subscription: Subscription,
  { post, now }: { post: Post; now: () => number },
): Promise<SentEvents> {
  const at = now();
  const message = toDelivery(events, subscription);
  const headers = {
    "user-agent": "livechat-functions",
    ...message.headers,
    ...sign(message, subscription, at),
  };
  const answer = await post(subscription.url, message.body, headers);
  const { id: eventId, seq } = events.at(-1) as OutgoingEvent;
  const attempt = {
    ...{ eventId, seq, at: toIso(at), status: answer.status, error: answer.failure, durationMs: now() - at },
    ...(events.length > 1 && { events: events.length, firstSeq: events[0]?.seq }),
  };
  return { answer, attempt, excerpt: excerptOf(answer, subscription.url) };
}
