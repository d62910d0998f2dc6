import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { readAs, TextRefusal } from "./refusal.ts";

const ACTIONS = [
  ...["incoming_chat", "chat_deactivated", "chat_transferred", "incoming_event", "thread_tagged"],
  ...["agent_created", "agent_deleted", "routing_status_set"],
] as const;
type Action = "incoming_chat" | "chat_deactivated";

/** The maximum number of webhooks that an app may have for one action. */
const MAX_PER_ACTION = 3;

const NewTextWebhook = v.object({
  action: v.picklist(ACTIONS),
  secret_key: v.pipe(v.string(), v.nonEmpty("must not be empty")),
  url: v.pipe(v.string(), v.url("must be a URL"), v.maxLength(500, "must have at most 500 characters")),
  owner_client_id: v.string(),
  type: v.picklist(["license", "bot"]),
  description: v.optional(v.string()),
  filters: v.optional(v.record(v.string(), v.unknown())),
  additional_data: v.optional(v.array(v.picklist(["chat_properties", "chat_presence_user_ids"]))),
});

type TextWebhook = v.InferOutput<typeof NewTextWebhook> & { id: string };

const Owner = v.object({ owner_client_id: v.string() });

/** The webhooks that apps registered. Two equal registrations make two webhooks. A webhook cannot be changed. */
export class TextWebhooks {
  readonly #organization: string;
  readonly #webhooks = new Map<string, TextWebhook>();
  /** The apps to whose webhooks LiveChat sends the events of the license. */
  readonly #enabled = new Set<string>();
  readonly #clients: ReadonlySet<string>;

  constructor(organization: string, clients: string[]) {
    this.#organization = organization;
    this.#clients = new Set(clients);
    // The webhooks of an app are on as soon as the app is installed.
    for (const client of clients) this.#enabled.add(client);
  }

  get all(): TextWebhook[] {
    return [...this.#webhooks.values()];
  }

  register(input: unknown): { id: string } {
    const asked = readAs(NewTextWebhook, input);
    this.#checkClient(asked.owner_client_id);
    const same = this.all.filter(
      ({ action, owner_client_id }) => action === asked.action && owner_client_id === asked.owner_client_id,
    );
    if (same.length >= MAX_PER_ACTION)
      throw new TextRefusal("limit_reached", `${asked.action}: at most ${MAX_PER_ACTION} webhooks`);
    const id = randomUUID().replaceAll("-", "").slice(0, 16);
    this.#webhooks.set(id, { id, ...asked });
    return { id };
  }

  list(input: unknown): unknown[] {
    const { owner_client_id } = readAs(Owner, input);
    this.#checkClient(owner_client_id);
    return this.all
      .filter((webhook) => webhook.owner_client_id === owner_client_id)
      .map(({ secret_key: _, additional_data: __, ...webhook }) => webhook);
  }

  unregister(input: unknown): Record<string, never> {
    const { id, owner_client_id } = readAs(v.object({ id: v.string(), ...Owner.entries }), input);
    const found = this.#webhooks.get(id);
    if (found?.owner_client_id !== owner_client_id)
      throw new TextRefusal("not_found", `Webhook ${id} not found`);
    this.#webhooks.delete(id);
    return {};
  }

  state(input: unknown): { license_webhooks_enabled: boolean } {
    const { owner_client_id } = readAs(Owner, input);
    return { license_webhooks_enabled: this.#enabled.has(owner_client_id) };
  }

  enable(input: unknown): Record<string, never> {
    this.#enabled.add(readAs(Owner, input).owner_client_id);
    return {};
  }

  disable(input: unknown): Record<string, never> {
    this.#enabled.delete(readAs(Owner, input).owner_client_id);
    return {};
  }

  /** The webhooks of an action that are on, and the body for each of them. */
  targets(action: Action, payload: unknown): [TextWebhook[], (webhook: TextWebhook) => unknown] {
    return [
      this.all.filter((webhook) => webhook.action === action && this.#enabled.has(webhook.owner_client_id)),
      ({ id, secret_key }) => ({
        webhook_id: id,
        secret_key,
        action,
        organization_id: this.#organization,
        payload,
        additional_data: {},
      }),
    ];
  }

  #checkClient(client: string): void {
    if (!this.#clients.has(client))
      throw new TextRefusal("validation", "owner_client_id: is no app of this organization");
  }
}
