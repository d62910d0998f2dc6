import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import type { Subscription } from "./subscription.ts";

/** Makes a secret in the format of Standard Webhooks. */
export const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;

/**
 * The headers of Standard Webhooks: the message's id, which every repetition shares; the time of this attempt; and a
 * signature of both and the body. For a day after a change of the secret there are two signatures, so that the
 * receiver can verify with either secret.
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
