import { Webhook } from "standardwebhooks";

/**
 * The headers of Standard Webhooks: the event's id, the same at each repetition; when this attempt is made; and a
 * signature of both and the body, by which a subscriber knows that it is from us and whole.
 *
 * @param secret `whsec_…`
 * @param now milliseconds since the epoch
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function sign(id: string, body: string, secret: string, now: number): Record<string, string> {
  const at = new Date(now);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, at, body),
  };
}
