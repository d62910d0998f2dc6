import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { readAs, TextRefusal } from "./refusal.ts";

const LoginStatus = v.picklist(["accepting chats", "not accepting chats"]);
const Priority = v.picklist(["first", "normal", "last", "supervisor"]);

type TextAgent = {
  id: string;
  account_id: string;
  name: string;
  avatar: string;
  role: "owner" | "viceowner" | "administrator" | "normal";
  login_status: v.InferOutput<typeof LoginStatus>;
  job_title: string;
  mobile: string;
  max_chats_count: number;
  groups: { id: number; priority: v.InferOutput<typeof Priority> }[];
  email_subscriptions: string[];
  notifications: string[];
  suspended: boolean;
  awaiting_approval: boolean;
  last_logout?: string;
  /** The status in the Agent Chat API. The Configuration API does not have it. */
  routing: "accepting_chats" | "not_accepting_chats" | "offline";
  /** When the Configuration API begins to show the agent, in epoch milliseconds. */
  visibleFrom: number;
};

/** Written from LiveChat's reference alone and not from the app's schemas, so that the sandbox can contradict the app. */
const NewTextAgent = v.strictObject({
  id: v.pipe(v.string(), v.email("must be an e-mail address")),
  name: v.pipe(v.string(), v.trim(), v.nonEmpty("must not be empty")),
  role: v.optional(v.picklist(["viceowner", "administrator", "normal"]), "normal"),
  login_status: v.optional(LoginStatus, "not accepting chats"),
  job_title: v.optional(v.string(), "Support Agent"),
  mobile: v.optional(v.string(), ""),
  max_chats_count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(20)), 6),
  groups: v.optional(v.array(v.strictObject({ id: v.number(), priority: Priority })), []),
  notifications: v.optional(v.array(v.string()), []),
  email_subscriptions: v.optional(v.array(v.string()), []),
  work_scheduler: v.optional(v.record(v.string(), v.unknown())),
  awaiting_approval: v.optional(v.boolean(), false),
});
type NewTextAgent = v.InferInput<typeof NewTextAgent>;

/** The fields that are answered only when `fields` names them. */
const OPTIONAL_FIELDS = [
  ...["groups", "email_subscriptions", "notifications", "job_title", "mobile", "max_chats_count"],
  ...["suspended", "awaiting_approval", "last_logout", "work_scheduler"],
];
const Fields = v.optional(v.array(v.picklist(OPTIONAL_FIELDS)), []);

/** The agents of the account, for the Configuration API and the Agent Chat API. */
export class TextAgents {
  readonly groups = new Map([
    [1, "Sales"],
    [3, "Support"],
  ]);
  readonly #now: () => number;
  readonly #delay: () => number;
  readonly #agents = new Map<string, TextAgent>();

  /** @param delay milliseconds until a new agent appears; LiveChat shows changes within two minutes */
  constructor(owner: string, now: () => number, delay: () => number) {
    this.#now = now;
    this.#delay = delay;
    this.#put({ id: owner, name: "Olivia Owner", job_title: "Owner" }, { role: "owner" });
    const groups = (id: number) => [{ id, priority: "normal" as const }];
    this.#put(
      { id: "sam@example.com", name: "Sam Support", groups: groups(3) },
      { routing: "accepting_chats" },
    );
    this.#put(
      { id: "sally@example.com", name: "Sally Sales", groups: groups(1) },
      { routing: "not_accepting_chats" },
    );
  }

  get size(): number {
    return this.#agents.size;
  }

  find(id: string): TextAgent | undefined {
    return this.#agents.get(id);
  }

  first(): TextAgent | undefined {
    return this.#agents.values().next().value;
  }

  list(input: unknown): unknown[] {
    const { filters, fields } = readAs(
      v.object({
        filters: v.optional(
          v.object({ group_ids: v.optional(v.array(v.number())), suspended: v.optional(v.boolean()) }),
          {},
        ),
        fields: Fields,
      }),
      input,
    );
    return this.#visible()
      .filter(({ groups }) => !filters.group_ids || groups.some(({ id }) => filters.group_ids?.includes(id)))
      .map(({ avatar, ...agent }) => ({
        ...withFields(agent, fields),
        // LiveChat's sample of the list has this name, and no scheme.
        avatar_path: avatar.replace("https://", ""),
      }));
  }

  get(input: unknown): unknown {
    const { id, fields } = readAs(v.object({ id: v.string(), fields: Fields }), input);
    const agent = this.#visible().find((agent) => agent.id === id);
    if (!agent) throw new TextRefusal("not_found", `Agent ${id} not found`);
    return { ...withFields(agent, fields), avatar: agent.avatar };
  }

  create(input: unknown): { id: string } {
    const asked = readAs(NewTextAgent, input);
    if (this.#agents.has(asked.id))
      throw new TextRefusal("already_exists", `Agent ${asked.id} already exists`);
    for (const { id } of asked.groups) {
      if (id !== 0 && !this.groups.has(id)) throw new TextRefusal("group_not_found", `Group ${id} not found`);
    }
    this.#put(asked, { visibleFrom: this.#now() + this.#delay() });
    return { id: asked.id };
  }

  remove(input: unknown): Record<string, never> {
    const { id } = readAs(v.object({ id: v.string() }), input);
    if (!this.#agents.delete(id)) throw new TextRefusal("not_found", `Agent ${id} not found`);
    return {};
  }

  routing(input: unknown): unknown[] {
    const { filters } = readAs(
      v.object({ filters: v.optional(v.object({ agent_ids: v.optional(v.array(v.string())) }), {}) }),
      input,
    );
    return this.#visible()
      .filter(({ id }) => filters.agent_ids?.includes(id) ?? true)
      .map(({ id, routing }) => ({ agent_id: id, status: routing }));
  }

  #visible(): TextAgent[] {
    return [...this.#agents.values()].filter(({ visibleFrom }) => visibleFrom <= this.#now());
  }

  #put(input: NewTextAgent, more: Partial<TextAgent>): void {
    const { work_scheduler: _, ...asked } = readAs(NewTextAgent, input);
    this.#agents.set(asked.id, {
      account_id: randomUUID(),
      avatar: `https://cdn.livechatinc.com/avatars/${this.#agents.size + 1}.png`,
      suspended: false,
      routing: "offline",
      visibleFrom: 0,
      ...asked,
      ...more,
    });
  }
}

function withFields(
  { routing: _, visibleFrom: __, avatar: ___, ...agent }: Partial<TextAgent>,
  fields: string[],
) {
  return Object.fromEntries(
    Object.entries(agent).filter(([name]) => !OPTIONAL_FIELDS.includes(name) || fields.includes(name)),
  );
}
