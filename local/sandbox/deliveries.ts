import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { basic } from "./http.ts";
import { Refusal } from "./refusal.ts";

/** The webhook that gets a delivery. */
type Target = { id: string; url: string };

type Outgoing = { url: string; body: string; authorization: Record<string, string> };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * The pauses before each repetition, in milliseconds. v2 promises ten repetitions within six hours, but not their times.
 * Here the first ones come soon, because a person watches.
 */
export const RETRY_DELAYS = [
  ...[1 * SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND],
  ...[1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 1 * HOUR, 4 * HOUR],
];

/** LiveChat ends the connection to a receiver that has not answered within this time. In milliseconds. */
const TIME_LIMIT = 10 * SECOND;

/** The delivery of one event to one webhook. */
type Delivery = {
  id: string;
  event_type: string;
  webhook: string;
  /** The URL of the webhook, without credentials. */
  to: string;
  state: "under way" | "delivered" | "given up";
  /** `at` is in epoch milliseconds. `outcome` is a status, or the reason why there was no answer. */
  attempts: { at: number; outcome: number | string }[];
};

export type DeliveryOptions = {
  /** The pauses before each repetition, in milliseconds. */
  delays?: number[];
  /** The time for an answer, in milliseconds. */
  timeLimit?: number;
  wait?: (milliseconds: number, options: { signal: AbortSignal }) => Promise<unknown>;
};

/** Sends events to webhooks, and repeats each until the receiver answers 200. */
export class Deliveries {
  readonly list: Delivery[] = [];
  readonly #now: () => number;
  readonly #delays: number[];
  readonly #timeLimit: number;
  readonly #wait: NonNullable<DeliveryOptions["wait"]>;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #again = new Map<string, () => Delivery>();

  constructor(now: () => number, options: DeliveryOptions = {}) {
    this.#now = now;
    this.#delays = options.delays ?? RETRY_DELAYS;
    this.#timeLimit = options.timeLimit ?? TIME_LIMIT;
    this.#wait =
      options.wait ?? ((milliseconds, { signal }) => sleep(milliseconds, undefined, { signal, ref: false }));
  }

  /** Sends one event to webhooks, with a body for each. */
  send<Webhook extends Target>(
    event_type: string,
    webhooks: readonly Webhook[],
    bodyFor: (webhook: Webhook) => unknown,
  ): void {
    for (const webhook of webhooks) this.#start(event_type, webhook, JSON.stringify(bodyFor(webhook)));
  }

  /** Sends a delivery once more, as if LiveChat had not received the 200. */
  repeat(id: string): Delivery {
    const again = this.#again.get(id);
    if (!again) throw new Refusal(404, `Delivery ${id} not found`);
    return again();
  }

  /** Resolves when each delivery has arrived or is given up. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Ends all deliveries. */
  close(): void {
    this.#closing.abort();
  }

  #start(event_type: string, webhook: Target, body: string): Delivery {
    const { url, authorization } = withoutCredentials(webhook.url);
    const delivery: Delivery = {
      id: randomUUID().slice(0, 8),
      event_type,
      webhook: webhook.id,
      to: withoutKey(url),
      state: "under way",
      attempts: [],
    };
    this.list.push(delivery);
    this.#again.set(delivery.id, () => this.#start(event_type, webhook, body));
    const running = this.#deliver(delivery, { url, body, authorization }).finally(() =>
      this.#underWay.delete(running),
    );
    this.#underWay.add(running);
    return delivery;
  }

  async #deliver(delivery: Delivery, request: Outgoing): Promise<void> {
    const { signal } = this.#closing;
    for (const delay of [0, ...this.#delays]) {
      if (delay > 0) await this.#wait(delay, { signal }).catch(() => {});
      if (signal.aborted) return;
      const attempt: Delivery["attempts"][number] = { at: this.#now(), outcome: "no answer yet" };
      delivery.attempts.push(attempt);
      attempt.outcome = await this.#attempt(request);
      if (attempt.outcome !== 200) continue;
      delivery.state = "delivered";
      return;
    }
    delivery.state = "given up";
  }

  async #attempt({ url, body, authorization }: Outgoing): Promise<number | string> {
    try {
      const { status, body: answer } = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...authorization },
        body,
        // A redirect is no 200, so it is not followed.
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(this.#timeLimit), this.#closing.signal]),
      });
      // Only the status counts, even when the body breaks off.
      answer?.cancel().catch(() => {});
      return status;
    } catch (error) {
      const { name, cause } = error instanceof Error ? error : { name: "Error", cause: undefined };
      return cause instanceof Error && "code" in cause ? String(cause.code) : name;
    }
  }
}

/** Moves the credentials of a URL to a header: `fetch` does not accept them in a URL. */
function withoutCredentials(address: string): { url: string; authorization: Record<string, string> } {
  const url = new URL(address);
  const [username, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  url.username = url.password = "";
  if (username === "" && password === "") return { url: url.href, authorization: {} };
  return { url: url.href, authorization: { Authorization: basic(username, password) } };
}

/** The address without the `key` of its query, which is a credential. */
function withoutKey(address: string): string {
  const url = new URL(address);
  url.searchParams.delete("key");
  return url.href;
}
