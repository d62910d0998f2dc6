import { expect, test } from "vitest";
import { type Host, startApp, startTextApp, WEBHOOK } from "./start-app.ts";

/** One chat, as both APIs must report it. Times, ids and the text of the closing message differ by account. */
const VISITOR = { name: "Vera Visitor", email: "vera@example.com", country: "Norway", city: "Oslo" };
const PAGE = "https://shop.example.com/lamps";
const TALK = [
  { who: "agent", text: "Hello, how may I help you?" },
  { who: "visitor", text: "My lamp stays dark 🕯" },
  { who: "supervisor", text: "Offer a new one" },
] as const;

type ChatEvent = { type: string; origin: string; payload: { [part: string]: Record<string, unknown> } };

/** Waits for the start and the end of a chat. Their webhooks come at once, so either may be the first in the log. */
async function bothEvents(app: Host, chatId: string): Promise<ChatEvent[]> {
  const events = async (): Promise<ChatEvent[]> =>
    (await app.call("GET", `/events?chat_id=${chatId}`)).body.items;
  await expect.poll(events, { interval: 25 }).toHaveLength(2);
  return (await events()).sort((a, b) => (a.type > b.type ? -1 : 1));
}

async function byV2(): Promise<ChatEvent[]> {
  const app = await startApp();
  const { sandbox } = app;
  try {
    for (const event of ["chat-started", "chat-ended"]) {
      const receiver = new URL(`${app.url}/receivers/${event}`);
      Object.assign(receiver, { username: WEBHOOK.username, password: encodeURIComponent(WEBHOOK.password) });
      sandbox.webhooks.register({
        event_type: event === "chat-started" ? "chat_started" : "chat_ended",
        data_types: ["chat", "visitor", "pre_chat_survey"],
        url: receiver.href,
      });
    }
    const { id } = sandbox.chats.start({
      visitor: { ...VISITOR, page_current: PAGE, custom_variables: [{ key: "plan", value: "gold" }] },
      agent: "sam@example.com",
      group: 3,
      survey: [{ id: "2001", type: "name", label: "Your name:", answer: VISITOR.name }],
    });
    for (const { who, text } of TALK) sandbox.chats.say(id, { text, by: who });
    sandbox.chats.end(id, { tags: ["lamp"] });
    return await bothEvents(app, id);
  } finally {
    await app.stop();
  }
}

async function byText(): Promise<ChatEvent[]> {
  const app = await startTextApp();
  const { sandbox } = app;
  try {
    for (const action of ["incoming_chat", "chat_deactivated"]) {
      sandbox.webhooks.register({
        action,
        secret_key: WEBHOOK.password,
        type: "license",
        owner_client_id: sandbox.credentials.clientId,
        url: `${app.url}/receivers/text/chats?key=${encodeURIComponent(WEBHOOK.password)}`,
      });
    }
    const { id } = sandbox.chats.start({
      customer: { ...VISITOR, page: PAGE, session_fields: [{ plan: "gold" }] },
      agent: "sam@example.com",
      group: 3,
    });
    const sides = { agent: "agent", visitor: "customer", supervisor: "supervisor" } as const;
    for (const { who, text } of TALK) sandbox.chats.say(id, { text, by: sides[who] });
    sandbox.chats.end(id, { tags: ["lamp"] });
    return await bothEvents(app, id);
  } finally {
    await app.stop();
  }
}

type Items = Record<string, unknown>[];

/** The content that both APIs report: without times, ids and the losses that docs/text.md lists. */
function common({ type, origin, payload: { chat = {}, visitor = {}, pre_chat_survey } }: ChatEvent) {
  const { url, agents, groups, tags, messages, events } = chat;
  const { name, email, country, city, page_current, custom_variables } = visitor;
  const survey = (pre_chat_survey ?? []) as unknown as Items;
  return {
    type,
    origin,
    url,
    agents,
    groups,
    tags,
    messages: (messages as Items).map(({ text, user_type, author_name, agent_id }) => ({
      text,
      user_type,
      author_name,
      agent_id,
    })),
    events: (events as Items).map(({ type, user_type }) => ({ type, user_type })),
    visitor: { name, email, country, city, page_current, custom_variables },
    survey: survey.filter(({ id }) => id === "2001").map(({ label, answer }) => ({ label, answer })),
    has: Object.keys(chat)
      .filter((field) => /^(id|started_timestamp|ended_timestamp)$/.test(field))
      .sort(),
  };
}

test("both APIs give a chat the same events, except for the documented losses", async () => {
  const [v2, text] = await Promise.all([byV2(), byText()]);
  const fromV2 = v2.map(common);
  expect(text.map(common)).toEqual(fromV2);
  expect(fromV2[1]).toMatchObject({
    type: "chat_ended",
    agents: [{ login: "sam@example.com", name: "Sam Support" }],
    messages: [{ user_type: "agent" }, { user_type: "visitor" }, { user_type: "supervisor" }],
    events: [{ type: "closed", user_type: "agent" }],
  });
});
