import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { idsFrom } from "../ids.ts";
import type { TextAgents } from "./agents.ts";
import { readAs, TextRefusal } from "./refusal.ts";

/** A thread of a chat. Its times are in epoch milliseconds. */
export type Thread = {
  id: string;
  chat: TextChat;
  createdAt: number;
  endedAt?: number;
  events: ThreadEvent[];
  tags: string[];
  rating?: { score: number; comment?: string };
  summary?: string;
  /** True when the plan of the account hides chats of this age. The thread then has no events. */
  restricted: boolean;
};

type ThreadEvent = { type: string; at: number; [field: string]: unknown };

type TextChat = {
  id: string;
  customer: v.InferOutput<typeof Customer> & { id: string };
  agent: string;
  group: number;
  threads: Thread[];
  anonymized: boolean;
};

const Customer = v.object({
  name: v.optional(v.string(), "Mary Brown"),
  /** `null` for a customer who skips the form. */
  email: v.optional(v.nullable(v.string()), "mary@example.com"),
  country: v.optional(v.string(), "Netherlands"),
  city: v.optional(v.string(), "Amsterdam"),
  page: v.optional(v.string(), "https://shop.example.com/checkout"),
  session_fields: v.optional(v.array(v.record(v.string(), v.string())), [{ cart: "2 items" }]),
});

const NewTextChat = v.object({
  customer: v.optional(Customer, {}),
  /** The id of the agent in the chat. */
  agent: v.optional(v.string()),
  group: v.optional(v.number(), 0),
  /** The chat to resume with a new thread. Without it, a new chat begins. */
  chat: v.optional(v.string()),
  /** True when the customer filled in the pre-chat form. */
  survey: v.optional(v.boolean(), true),
});
export type NewTextChat = v.InferInput<typeof NewTextChat>;

const TextMessage = v.object({
  text: v.string(),
  by: v.optional(v.picklist(["customer", "agent", "supervisor"]), "customer"),
});
export type TextMessage = v.InferInput<typeof TextMessage>;

const TextEnd = v.object({
  tags: v.optional(v.array(v.string()), []),
  by: v.optional(v.picklist(["agent", "customer", "router"]), "agent"),
  rating: v.optional(v.object({ score: v.number(), comment: v.optional(v.string()) })),
  summary: v.optional(v.string()),
});
export type TextEnd = v.InferInput<typeof TextEnd>;
export type WholeTextChat = NewTextChat & TextEnd & { messages?: TextMessage[] };

const Talk = v.optional(v.array(TextMessage), [
  { by: "agent", text: "Hello, how may I help you?" },
  { by: "customer", text: "My order did not arrive. It was due yesterday." },
  { by: "agent", text: "I am sorry to hear that. I'll ask the courier and write you an e-mail today." },
  { by: "customer", text: "Thank you!" },
]);

type Announced = { action: "incoming_chat" | "chat_deactivated"; payload: unknown };

/** The chats of the account. Each chat has threads; only the last thread can be active. */
export class TextChats {
  readonly #agents: TextAgents;
  readonly #now: () => number;
  readonly #announce: (announced: Announced) => void;
  readonly #nextId: () => string;
  readonly #chats = new Map<string, TextChat>();
  readonly #threads = new Map<string, Thread>();

  constructor(agents: TextAgents, now: () => number, announce: (announced: Announced) => void) {
    this.#agents = agents;
    this.#now = now;
    this.#announce = announce;
    this.#nextId = idsFrom(now() / 1000, 10);
  }

  get size(): number {
    return this.#chats.size;
  }

  get threads(): Thread[] {
    return [...this.#threads.values()];
  }

  get chats(): TextChat[] {
    return [...this.#chats.values()];
  }

  get(id: string): TextChat {
    const chat = this.#chats.get(id);
    if (!chat) throw new TextRefusal("not_found", `Chat ${id} not found`);
    return chat;
  }

  thread(id: string): Thread {
    const thread = this.#threads.get(id);
    if (!thread) throw new TextRefusal("not_found", `Thread ${id} not found`);
    return thread;
  }

  /** Starts a thread, in a new chat or in a resumed one. */
  start(input: NewTextChat = {}, { silently = false } = {}): Thread {
    const { customer, agent: asked, group, chat: resumed, survey } = readAs(NewTextChat, input);
    const chat = resumed === undefined ? this.#newChat(customer, asked, group) : this.get(resumed);
    if (chat.threads.at(-1) && chat.threads.at(-1)?.endedAt === undefined)
      throw new TextRefusal("validation", `Chat ${chat.id} is active`);
    const thread: Thread = {
      id: this.#nextId(),
      chat,
      createdAt: this.#now(),
      events: [],
      tags: [],
      restricted: false,
    };
    if (survey) {
      thread.events.push({
        type: "filled_form",
        form_id: "156630109416307809",
        form_type: "prechat",
        at: this.#now(),
        author_id: chat.customer.id,
        fields: [
          { id: "2001", type: "name", label: "Your name:", answer: chat.customer.name },
          { id: "2002", type: "email", label: "E-mail:", answer: chat.customer.email ?? "" },
          {
            id: "2003",
            type: "checkbox",
            label: "What is it about?",
            answers: [{ id: "0", label: "An order" }],
          },
          { id: "2004", type: "select", label: "Country", answer: { id: "1", label: chat.customer.country } },
        ],
      });
    }
    chat.threads.push(thread);
    this.#threads.set(thread.id, thread);
    if (!silently) this.#announce({ action: "incoming_chat", payload: { chat: this.view(thread) } });
    return thread;
  }

  say(threadId: string, input: TextMessage): Thread {
    const thread = this.#active(threadId);
    const { text, by } = readAs(TextMessage, input);
    thread.events.push({
      type: "message",
      text,
      at: this.#now(),
      author_id: by === "customer" ? thread.chat.customer.id : thread.chat.agent,
      ...(by === "supervisor" && { visibility: "agents" }),
    });
    return thread;
  }

  /** Ends a thread: by its agent, by the customer, or by LiveChat's router after a silence. */
  end(threadId: string, input: TextEnd = {}, { silently = false } = {}): Thread {
    const thread = this.#active(threadId);
    const { tags, by, rating, summary } = readAs(TextEnd, input);
    const types = {
      agent: "manual_archived_agent",
      customer: "manual_archived_customer",
      router: "routing.archived_inactive",
    };
    const text = by === "router" ? "Chat archived due to inactivity" : "Chat closed";
    thread.endedAt = this.#now();
    thread.events.push({ type: "system_message", system_message_type: types[by], text, at: thread.endedAt });
    Object.assign(thread, { tags, rating, summary });
    const user_id = { agent: thread.chat.agent, customer: thread.chat.customer.id, router: undefined }[by];
    const payload = { chat_id: thread.chat.id, thread_id: thread.id, ...(user_id && { user_id }) };
    if (!silently) this.#announce({ action: "chat_deactivated", payload });
    return thread;
  }

  /** Makes a whole thread, from its start to its end. */
  hold(
    { messages, tags, by, rating, summary, ...start }: WholeTextChat = {},
    options?: { silently?: boolean },
  ): Thread {
    const talk = readAs(Talk, messages);
    const { id } = this.start(start, options);
    for (const message of talk) this.say(id, message);
    return this.end(id, { tags, by, rating, summary }, options);
  }

  /** Anonymizes a chat, as at the request of its customer. */
  anonymize(chatId: string): TextChat {
    const chat = this.get(chatId);
    chat.anonymized = true;
    return chat;
  }

  /** Removes a chat, as at the end of LiveChat's retention time. */
  remove(chatId: string): void {
    for (const { id } of this.get(chatId).threads) this.#threads.delete(id);
    this.#chats.delete(chatId);
  }

  restrict(threadId: string): Thread {
    const thread = this.thread(threadId);
    thread.restricted = true;
    return thread;
  }

  /** A chat with one of its threads, as the webhook, `get_chat` and the archive show it. */
  view(thread: Thread): Record<string, unknown> {
    const { chat } = thread;
    return {
      id: chat.id,
      users: [this.#customer(chat), this.#agent(chat)],
      thread: this.#thread(thread),
      properties: { routing: { continuous: false } },
      access: { group_ids: [chat.group] },
      is_followed: false,
    };
  }

  /** An item of `list_chats`. */
  summary(chat: TextChat): Record<string, unknown> {
    const thread = chat.threads.at(-1);
    const { events: _, ...last } = thread ? this.#thread(thread) : { events: [] };
    return {
      id: chat.id,
      users: [this.#customer(chat), this.#agent(chat)],
      ...(thread && { last_thread_summary: last }),
      last_event_per_type: {},
      properties: {},
      access: { group_ids: [chat.group] },
      is_followed: false,
    };
  }

  #newChat(customer: v.InferOutput<typeof Customer>, asked: string | undefined, group: number): TextChat {
    const agent = asked === undefined ? this.#agents.first() : this.#agents.find(asked);
    if (!agent) throw new TextRefusal("validation", `agent: there is no agent ${asked ?? "at all"}`);
    const chat: TextChat = {
      id: this.#nextId(),
      customer: { id: randomUUID(), ...customer },
      agent: agent.id,
      group,
      threads: [],
      anonymized: false,
    };
    this.#chats.set(chat.id, chat);
    return chat;
  }

  #active(threadId: string): Thread {
    const thread = this.thread(threadId);
    if (thread.endedAt !== undefined)
      throw new TextRefusal("chat_inactive", `Thread ${threadId} is not active`);
    return thread;
  }

  #customer({ customer, anonymized, threads }: TextChat): Record<string, unknown> {
    const { id, name, email, country, city, page, session_fields } = customer;
    const [first] = threads;
    if (anonymized) return { id, type: "customer", name: "Anonymized", present: false };
    return {
      id,
      type: "customer",
      name,
      present: true,
      ...(email !== null && { email }),
      created_at: time(first?.createdAt ?? 0),
      session_fields,
      statistics: { chats_count: 1, threads_count: threads.length, visits_count: 2, tickets_count: 0 },
      visit: {
        started_at: time(first?.createdAt ?? 0),
        referrer: "https://search.example/",
        ip: "192.0.2.7",
        user_agent: "Mozilla/5.0",
        geolocation: {
          country,
          country_code: "NL",
          region: "Noord-Holland",
          city,
          timezone: "Europe/Amsterdam",
        },
        last_pages: [{ opened_at: time(first?.createdAt ?? 0), url: page, title: "Checkout" }],
      },
    };
  }

  #agent({ agent }: TextChat): Record<string, unknown> {
    const known = this.#agents.find(agent);
    return {
      id: agent,
      type: "agent",
      name: known?.name ?? agent,
      email: agent,
      present: true,
      avatar: known?.avatar,
      visibility: "all",
    };
  }

  #thread(thread: Thread): { events?: unknown[]; [field: string]: unknown } {
    const { id, chat, createdAt, endedAt, tags, rating, summary, restricted, events } = thread;
    const place = chat.threads.indexOf(thread);
    return {
      id,
      active: endedAt === undefined,
      user_ids: [chat.customer.id, chat.agent],
      created_at: time(createdAt),
      access: { group_ids: [chat.group] },
      ...(tags.length > 0 && { tags }),
      ...(restricted && { restricted_access: "The plan does not show chats of this age" }),
      ...(summary && { summary: { status: "ok", text: summary, updated_at: time(endedAt ?? createdAt) } }),
      properties: { routing: { start_url: chat.customer.page }, ...(rating && { rating }) },
      ...(place > 0 && { previous_thread_id: chat.threads[place - 1]?.id }),
      ...(chat.threads[place + 1] && { next_thread_id: chat.threads[place + 1]?.id }),
      ...(!restricted && {
        events: events.map(({ at, ...event }, index) => ({
          id: `${id}_${index + 1}`,
          created_at: time(at),
          visibility: "all",
          ...event,
        })),
      }),
    };
  }
}

/** RFC 3339 with microseconds, as LiveChat writes times. */
function time(at: number): string {
  return new Date(at).toISOString().replace("Z", "000Z");
}
