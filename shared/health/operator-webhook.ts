import { createHmac } from "node:crypto";
import type { Log } from "../core/log.ts";
import { redact } from "../core/redact.ts";
import { waitAside } from "../core/wait.ts";
import type { Post } from "../subscriptions/post.ts";
import { sign } from "../subscriptions/sign.ts";
import { isDelivered } from "../subscriptions/standing.ts";
import type { CheckChange } from "./monitor.ts";

/** Milliseconds before each repetition of a failed call. */
const REPEAT_PAUSES = [1_000, 5_000, 20_000];

/**
 * Makes a function that sends a change to the operator's URL, signed as in Standard Webhooks. It resolves after the
 * first attempt, and repeats a failed call three times in the background. It never rejects, because the log has each
 * change.
 */
export function createOperatorWebhook({
  url,
  password,
  post,
  now = Date.now,
  wait = waitAside,
}: {
  /** `OPERATOR_WEBHOOK_URL`. */
  url: string;
  /** `LIVECHAT_WEBHOOK_PASSWORD`, from which the signing key derives. */
  password: string;
  post: Post;
  /** Milliseconds since the epoch. */
  now?: () => number;
  wait?: typeof waitAside;
}): (change: CheckChange, log: Log) => Promise<void> {
  const secret = operatorSecret(password);

  async function send(id: string, body: string): Promise<boolean> {
    const signature = sign({ id, body }, { secret }, now());
    const headers = { "content-type": "application/json", "user-agent": "livechat-functions", ...signature };
    return isDelivered(await post(url, body, headers));
  }

  return async (change, log) => {
    const id = `check_${crypto.randomUUID()}`;
    const body = JSON.stringify(toOperatorMessage(change));
    if (await send(id, body)) return;
    void repeat(id, body, change, log);
  };

  async function repeat(id: string, body: string, { check }: CheckChange, log: Log): Promise<void> {
    for (const pause of REPEAT_PAUSES) {
      await wait(pause);
      if (await send(id, body)) return;
    }
    log("operator not called", { check });
  }
}

/**
 * The signing key in the format of Standard Webhooks: HMAC-SHA-256 of the text `operator webhook`, with the webhook
 * password as key. So the operator needs no second secret.
 */
export function operatorSecret(password: string): string {
  return `whsec_${createHmac("sha256", password).update("operator webhook").digest("base64")}`;
}

/**
 * One body for people and programs. The Teams workflow "Send webhook alerts to a channel" shows its Adaptive Card;
 * programs read the change in plain fields.
 *
 * @see https://adaptivecards.io/explorer/AdaptiveCard.html
 */
function toOperatorMessage({ check, from, to, since, detail, action }: CheckChange) {
  const facts = { check, from, state: to, since, detail: redact(detail), action: redact(action) };
  const block = (text: string, more: object = {}) => ({ type: "TextBlock", text, wrap: true, ...more });
  const color = { ok: "good", attention: "warning", unknown: "warning", bad: "attention" }[to];
  const card = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: [
      block(`LiveChat Functions: ${check} is ${to}`, { size: "medium", weight: "bolder", color }),
      block(facts.detail),
      ...(to === "ok" ? [] : [block(facts.action, { isSubtle: true })]),
    ],
  };
  const attachments = [
    { contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content: card },
  ];
  return { type: "message", attachments, ...facts };
}
