import { Webhook } from "standardwebhooks";
import type { Subscription } from "./subscription.ts";

/**
 * The headers of Standard Webhooks: the message's id, the same at each repetition; when this attempt is made; and a
 * signature of both and the body. While a secret is rolled there are two signatures, so that the receiver may verify with
 * either secret.
 *
 * @param now milliseconds since the epoch
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function sign(
  { id, body }: { id: string; body: string },
  { secret, previousSecret }: Pick<Subscription, "secret" | "previousSecret">,
  now: number,
): Record<string, string> {
  const at = new Date(now);
  const isRolling = previousSecret !== undefined && Date.parse(previousSecret.until) > now;
  const secrets = isRolling ? [secret, previousSecret.secret] : [secret];
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now / 1000)),
    "webhook-signature": secrets.map((one) => new Webhook(one).sign(id, at, body)).join(" "),
  };
}
