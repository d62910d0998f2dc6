import { redact } from "../core/redact.ts";
import { cut } from "../core/text.ts";
import { toIso } from "../core/time.ts";
import { decodePercents } from "./callback.ts";
import { type OutgoingEvent, toDelivery } from "./message.ts";
import type { CallbackAnswer, Post } from "./post.ts";
import { sign } from "./sign.ts";
import type { DeliveryAttempt, Subscription } from "./subscription.ts";

/** The result of sending events. `excerpt` is the start of a failed answer's body, without secrets. */
export type SentEvents = { answer: CallbackAnswer; attempt: DeliveryAttempt; excerpt?: string };

/** Sends events in one signed request, in the format of the subscription. */
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
  const { status, failure: error } = answer;
  const batch = events.length > 1 && { events: events.length, firstSeq: events[0]?.seq };
  const attempt = { eventId, seq, at: toIso(at), status, error, durationMs: now() - at, ...batch };
  return { answer, attempt, excerpt: excerptOf(answer, subscription.url) };
}

/** The maximum number of characters of an excerpt. */
const EXCERPT_LENGTH = 200;

/**
 * The start of an answer without addresses, and without the parts of the callback's URL, because each part may be a
 * key.
 */
function excerptOf(answer: CallbackAnswer, url: string): string | undefined {
  if (!answer.excerpt) return undefined;
  const { pathname, search, searchParams, username, password } = new URL(url);
  const whole = [pathname + search, search];
  const secrets = [...whole, ...searchParams.values(), username, password, pathname, ...pathname.split("/")];
  let text = answer.excerpt.replaceAll(/\p{Cc}+/gu, " ");
  for (const secret of secrets) {
    for (const spelling of [secret, decodePercents(secret)])
      if (spelling.length >= 4) text = text.replaceAll(spelling, "…");
  }
  return cut(redact(text), EXCERPT_LENGTH);
}
