import * as v from "valibot";
import { Refusal, read } from "./refusal.ts";

type Group = { id: number; name: string };

export type Agent = {
  login: string;
  name: string;
  permission: "owner" | "administrator" | "normal";
  login_status: "accepting chats" | "not accepting chats";
  job_title: string;
  avatar: string;
  daily_summary: boolean;
  notifications: Record<string, unknown>;
  max_chats_count: number;
  groups: number[];
  status: "accepting chats" | "not accepting chats" | "offline";
  /** The time of the last logout, in epoch seconds. */
  last_logout: number | null;
};

const flag = v.pipe(
  v.union([v.boolean(), v.picklist([0, 1, "0", "1"])]),
  v.transform((value) => Boolean(Number(value))),
);

/** A number, or its digits as a string, which forms and Microsoft's connector send. */
const whole = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.digits(), v.transform(Number))], "must be a whole number"),
  v.integer(),
  v.minValue(0),
);

/** Written from LiveChat's reference alone and not from the app's schemas, so that the sandbox can contradict the app. */
const NewAgent = v.object({
  login: v.pipe(v.string(), v.regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address")),
  name: v.pipe(v.string(), v.trim(), v.nonEmpty("must not be empty")),
  job_title: v.optional(v.string(), "Support Agent"),
  login_status: v.optional(v.picklist(["accepting chats", "not accepting chats"]), "accepting chats"),
  password: v.optional(v.pipe(v.string(), v.minLength(5, "must have at least 5 characters"))),
  permission: v.optional(v.picklist(["administrator", "normal"]), "normal"),
  groups: v.optional(v.array(whole), [0]),
  max_chats_count: v.optional(whole, 6),
  notifications: v.optional(v.record(v.string(), v.unknown()), { new_visitor: 0, incoming_chat: 1 }),
  daily_summary: v.optional(flag, false),
});

export type NewAgent = v.InferInput<typeof NewAgent>;

const AgentStatus = v.optional(v.picklist(["accepting chats", "not accepting chats", "offline"]));

const avatar = (number: number) => `livechat.s3.amazonaws.com/default/avatars/a${number}.png`;

/** The agents of the account and their groups. A new account has its owner and two agents. */
export class Agents {
  readonly groups = new Map([
    [0, "All operators"],
    [1, "Sales"],
    [3, "Support"],
  ]);
  readonly #agents = new Map<string, Agent>();

  constructor(owner: string) {
    this.add(
      { login: owner, name: "Olivia Owner", job_title: "Owner", groups: [0, 1, 3] },
      { permission: "owner" },
    );
    this.add(
      { login: "sam@example.com", name: "Sam Support", groups: [0, 3] },
      { status: "accepting chats" },
    );
    this.add(
      { login: "sally@example.com", name: "Sally Sales", groups: [0, 1] },
      { status: "not accepting chats" },
    );
  }

  /** Adds an agent as `POST /agents` does. `more` has fields that requests cannot set. */
  add(input: NewAgent, more: Partial<Pick<Agent, "permission" | "status">> = {}): Agent {
    // The sandbox has no login, so it drops the password.
    const { password, ...asked } = read(NewAgent, input);
    if (this.#agents.has(asked.login)) throw new Refusal(400, `login: ${asked.login} already exists`);
    const unknown = asked.groups.filter((id) => !this.groups.has(id));
    if (unknown.length > 0) throw new Refusal(400, `groups: unknown group ${unknown.join(", ")}`);
    const agent: Agent = {
      ...asked,
      avatar: avatar(this.#agents.size + 1),
      status: "offline",
      last_logout: null,
      ...more,
    };
    this.#agents.set(agent.login, agent);
    return agent;
  }

  get(login: string): Agent | undefined {
    return this.#agents.get(login);
  }

  list(status?: unknown): Agent[] {
    const wanted = read(AgentStatus, status);
    return [...this.#agents.values()].filter((agent) => wanted === undefined || agent.status === wanted);
  }

  remove(login: string): string {
    if (!this.#agents.delete(login)) throw new Refusal(404, `Agent ${login} not found`);
    return login;
  }

  group(id: number): Group {
    return { id, name: this.groups.get(id) ?? `Group ${id}` };
  }
}
