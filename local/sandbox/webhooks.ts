import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { Refusal, read } from "./refusal.ts";

/** The data types that each event can contain. */
const DATA_TYPES = {
  chat_started: ["chat", "visitor", "pre_chat_survey"],
  chat_ended: ["chat", "visitor", "pre_chat_survey"],
  ticket_created: ["ticket"],
} as const;

export type EventType = keyof typeof DATA_TYPES;

const NewWebhook = v.pipe(
  v.object({
    event_type: v.picklist(["chat_started", "chat_ended", "ticket_created"]),
    data_types: v.pipe(v.array(v.string()), v.nonEmpty("must not be empty")),
    url: v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:/i, "must be http or https")),
  }),
  v.forward(
    v.check(({ event_type, data_types }) => {
      const possible: readonly string[] = DATA_TYPES[event_type];
      return data_types.every((type) => possible.includes(type));
    }, "not a data type of this event"),
    ["data_types"],
  ),
);

export type NewWebhook = v.InferInput<typeof NewWebhook>;

export type Webhook = v.InferOutput<typeof NewWebhook> & {
  id: string;
  licence: number;
  verified: boolean;
  /** A credential in each event: the receiver recognises LiveChat by this token. */
  token: string;
};

/** The registered webhooks. Two equal registrations make two webhooks, and each gets every event. */
export class Webhooks {
  readonly #license: number;
  readonly #webhooks = new Map<string, Webhook>();

  constructor(license: number) {
    this.#license = license;
  }

  /** Registers a webhook. Its URL may contain credentials for the receiver: `https://user:password@host/path`. */
  register(input: NewWebhook): Webhook {
    const asked = read(NewWebhook, input);
    const id = randomUUID().slice(0, 8);
    const token = randomUUID().replaceAll("-", "");
    const webhook: Webhook = { id, licence: this.#license, ...asked, verified: true, token };
    this.#webhooks.set(id, webhook);
    return webhook;
  }

  list(): Webhook[] {
    return [...this.#webhooks.values()];
  }

  remove(id: string): string {
    if (!this.#webhooks.delete(id)) throw new Refusal(404, `Webhook ${id} not found`);
    return id;
  }

  /** The webhooks of an event, and the body for each: those parts of `data` that the webhook asked for. */
  targets(event_type: EventType, data: Record<string, unknown>): [Webhook[], (webhook: Webhook) => unknown] {
    // By the reference, only events of chats have this id.
    const unique =
      event_type === "ticket_created" ? {} : { event_unique_id: randomUUID().replaceAll("-", "") };
    return [
      this.list().filter((webhook) => webhook.event_type === event_type),
      ({ token, data_types }) => ({
        event_type,
        ...unique,
        token,
        license_id: String(this.#license),
        lc_version: "2",
        ...Object.fromEntries(data_types.map((type) => [type, data[type]])),
      }),
    ];
  }
}
