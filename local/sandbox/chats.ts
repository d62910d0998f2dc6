import * as v from "valibot";
import type { Agents } from "./agents.ts";
import { idsFrom } from "./ids.ts";
import { Refusal, read } from "./refusal.ts";

type Side = "visitor" | "agent" | "supervisor";

/** A chat. Its times are in epoch milliseconds. */
export type Chat = {
  id: string;
  url: string;
  startedAt: number;
  endedAt?: number;
  messages: { user_type: Side; author_name: string; agent_id?: string; text: string; at: number }[];
  events: { type: string; user_type: Side; text: string; at: number }[];
  agents: { name: string; login: string }[];
  tags: string[];
  groups: number[];
  visitor: v.InferOutput<typeof Visitor> & { id: string };
  survey: v.InferOutput<typeof Survey>;
};

const Visitor = v.object({
  name: v.optional(v.string(), "Mary Brown"),
  email: v.optional(v.string(), "mary@example.com"),
  country: v.optional(v.string(), "Netherlands"),
  city: v.optional(v.string(), "Amsterdam"),
  language: v.optional(v.string(), "en"),
  timezone: v.optional(v.string(), "Europe/Amsterdam"),
  page_current: v.optional(v.string(), "https://shop.example.com/checkout"),
  custom_variables: v.optional(v.array(v.object({ key: v.string(), value: v.string() })), [
    { key: "cart", value: "2 items" },
  ]),
});

const question = { id: v.string(), type: v.string(), label: v.string() };

/** A checkbox question has `answers`, each other question has `answer`. A skipped survey is `[]`. */
const Survey = v.array(
  v.union([
    v.object({ ...question, answers: v.array(v.object({ label: v.string(), chosen: v.boolean() })) }),
    v.object({ ...question, answer: v.string() }),
  ]),
);

const someSurvey: v.InferOutput<typeof Survey> = [
  { id: "2001", type: "name", label: "Your name:", answer: "Mary Brown" },
  { id: "2002", type: "email", label: "E-mail:", answer: "mary@example.com" },
  {
    id: "2003",
    type: "checkbox",
    label: "What is it about?",
    answers: [
      { label: "An order", chosen: true },
      { label: "An invoice", chosen: false },
    ],
  },
];

const NewChat = v.object({
  visitor: v.optional(Visitor, {}),
  /** The login of the agent in the chat. */
  agent: v.optional(v.string()),
  group: v.optional(v.number(), 0),
  survey: v.optional(Survey, someSurvey),
});

const ChatMessage = v.object({
  text: v.string(),
  by: v.optional(v.picklist(["visitor", "agent", "supervisor"]), "visitor"),
});

const ChatEnd = v.object({ tags: v.optional(v.array(v.string()), []) });

const Talk = v.optional(v.array(ChatMessage), [
  { by: "agent", text: "Hello, how may I help you?" },
  { by: "visitor", text: "My order did not arrive. It was due yesterday." },
  { by: "agent", text: "I am sorry to hear that. I'll ask the courier and write you an e-mail today." },
  { by: "visitor", text: "Thank you!" },
]);

export type NewChat = v.InferInput<typeof NewChat>;
export type ChatMessage = v.InferInput<typeof ChatMessage>;
export type ChatEnd = v.InferInput<typeof ChatEnd>;
export type WholeChat = NewChat & ChatEnd & { messages?: ChatMessage[] };

/** The chats of the account. The API has no calls for chats. A webhook is sent when a chat starts and when it ends. */
export class Chats {
  readonly #agents: Agents;
  readonly #now: () => number;
  readonly #announce: (event: "chat_started" | "chat_ended", chat: Chat) => void;
  readonly #nextId: () => string;
  readonly #chats = new Map<string, Chat>();

  constructor(
    agents: Agents,
    now: () => number,
    announce: (event: "chat_started" | "chat_ended", chat: Chat) => void,
  ) {
    this.#agents = agents;
    this.#now = now;
    this.#announce = announce;
    this.#nextId = idsFrom(now() / 1000, 10);
  }

  get size(): number {
    return this.#chats.size;
  }

  get(id: string): Chat {
    const chat = this.#chats.get(id);
    if (!chat) throw new Refusal(404, `Chat ${id} not found`);
    return chat;
  }

  /** Starts a chat of a visitor with an agent, and sends `chat_started`. */
  start(input: NewChat = {}): Chat {
    const { visitor, agent: login, group, survey } = read(NewChat, input);
    const agent = login === undefined ? this.#agents.list()[0] : this.#agents.get(login);
    if (!agent) throw new Refusal(400, `agent: there is no agent ${login ?? "at all"}`);
    const id = this.#nextId();
    const chat: Chat = {
      id,
      url: visitor.page_current,
      startedAt: this.#now(),
      messages: [],
      events: [],
      agents: [{ name: agent.name, login: agent.login }],
      tags: [],
      groups: [group],
      visitor: { id: `S${Math.floor(this.#now() / 1000)}.${id.toLowerCase()}`, ...visitor },
      survey,
    };
    this.#chats.set(id, chat);
    this.#announce("chat_started", chat);
    return chat;
  }

  say(id: string, input: ChatMessage): Chat {
    const chat = this.#getActive(id);
    const { text, by } = read(ChatMessage, input);
    const [agent] = chat.agents;
    chat.messages.push({
      user_type: by,
      ...(by === "visitor" || !agent
        ? { author_name: chat.visitor.name }
        : { author_name: agent.name, agent_id: agent.login }),
      text,
      at: this.#now(),
    });
    return chat;
  }

  /** Ends the chat, and sends `chat_ended` with the transcript. */
  end(id: string, input: ChatEnd = {}): Chat {
    const chat = this.#getActive(id);
    const { tags } = read(ChatEnd, input);
    const at = this.#now();
    const text = `${chat.agents[0]?.name ?? "The agent"} closed the chat.`;
    chat.events.push({ type: "closed", user_type: "agent", text, at });
    chat.tags = tags;
    chat.endedAt = at;
    this.#announce("chat_ended", chat);
    return chat;
  }

  /** Makes a whole chat, from its start to its end. */
  hold({ messages, tags, ...start }: WholeChat = {}): Chat {
    const talk = read(Talk, messages);
    const { id } = this.start(start);
    for (const message of talk) this.say(id, message);
    return this.end(id, { tags });
  }

  #getActive(id: string): Chat {
    const chat = this.get(id);
    if (chat.endedAt !== undefined) throw new Refusal(400, `Chat ${id} has ended`);
    return chat;
  }
}
