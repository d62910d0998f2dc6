import { useLocation } from "preact-iso";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/act.tsx";
import { TYPES } from "../parts/events.ts";
import { EventLink, linkTo } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { Text } from "../parts/text.tsx";
import { Long } from "../parts/tree.tsx";
import { useCall } from "../parts/use-call.ts";
import { toSpan, When } from "../parts/when.tsx";
import { download } from "./events.tsx";

type StoredChat = OutputOf<"GetChat">;
type Payload = NonNullable<StoredChat["payload"]>;
type Message = NonNullable<Payload["chat"]["messages"]>[number];

export default function ChatPage({ id }: { id: string }) {
  const { route } = useLocation();
  const chat = useCall("GetChat", { path: { chatId: id } });
  return (
    <Page
      title="Chat"
      actions={
        <>
          <Action run={async () => save(await call("GetChat", { path: { chatId: id } }))}>Export</Action>
          <Action
            class="danger"
            typed={id}
            confirm="Erases everything that is stored of this chat. That its events were there stays in the log."
            run={async () => {
              const { erased } = await call("EraseChat", { path: { chatId: id } });
              route(linkTo("/events"));
              return `Erased: ${erased}`;
            }}
          >
            Erase
          </Action>
        </>
      }
    >
      <Show of={chat}>{(body) => <Details chat={body} />}</Show>
    </Page>
  );
}

function Details({ chat }: { chat: StoredChat }) {
  const { payload } = chat;
  return (
    <>
      {payload ? (
        <Facts chat={chat} payload={payload} />
      ) : (
        <p class="banner">The content of this chat was erased.</p>
      )}
      {payload && <Survey payload={payload} />}
      {payload && (
        <section class="card">
          <h2>Conversation</h2>
          <Conversation messages={payload.chat.messages ?? []} hasEnded={chat.state === "ended"} />
        </section>
      )}
      <section class="card">
        <h2>In the log</h2>
        <ul>
          {chat.events.map((event) => (
            <li key={event.seq}>
              <EventLink id={event.id}>{TYPES[event.type]}</EventLink>, place {event.seq}, received{" "}
              <When at={event.receivedAt} />
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Facts({ chat, payload }: { chat: StoredChat; payload: Payload }) {
  const {
    started_timestamp: started,
    ended_timestamp: ended,
    agents = [],
    tags = [],
    groups = [],
  } = payload.chat;
  const { visitor } = payload;
  const first = firstResponse(payload);
  return (
    <section class="card">
      <h2>
        <Text value={visitor?.name || "Visitor without a name"} />{" "}
        <State kind={chat.state === "started" ? "attention" : "ok"}>
          {chat.state === "started" ? "going on" : "ended"}
        </State>
      </h2>
      <dl class="facts">
        <dt>Chat</dt>
        <dd class="mono">
          <Text value={chat.chatId} />
        </dd>
        {visitor?.email && (
          <>
            <dt>Email</dt>
            <dd>
              <Text value={visitor.email} />
            </dd>
          </>
        )}
        <dt>Started</dt>
        <dd>{started ? <When at={started} /> : "unknown"}</dd>
        {ended && (
          <>
            <dt>Ended</dt>
            <dd>
              <When at={ended} />
              {started && `, after ${toSpan(Date.parse(ended) - Date.parse(started))}`}
            </dd>
          </>
        )}
        <dt>First response</dt>
        <dd>{first === undefined ? "none yet" : `after ${toSpan(first)}`}</dd>
        <dt>Agents</dt>
        <dd>
          {agents.length === 0 && "none"}
          {agents.map(({ name, login }, index) => (
            <span key={login ?? index}>
              {index > 0 && ", "}
              <Text value={name || login || "unknown"} />
            </span>
          ))}
        </dd>
        {groups.length > 0 && (
          <>
            <dt>Groups</dt>
            <dd>{groups.join(", ")}</dd>
          </>
        )}
        {tags.length > 0 && (
          <>
            <dt>Tags</dt>
            <dd>
              {tags.map((tag) => (
                <span class="badge" key={tag}>
                  <Text value={tag} />
                </span>
              ))}
            </dd>
          </>
        )}
        {payload.chat.url && (
          <>
            <dt>Page</dt>
            <dd>
              <Text value={payload.chat.url} />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** Milliseconds from the visitor's first message, or the start, to the first message of an agent. */
function firstResponse({ chat: { messages = [], started_timestamp: started } }: Payload): number | undefined {
  const asked = messages.find(({ user_type }) => user_type === "visitor")?.timestamp ?? started;
  const answered = messages.find(({ user_type }) => user_type === "agent")?.timestamp;
  if (!asked || !answered) return undefined;
  return Math.max(0, Date.parse(answered) - Date.parse(asked));
}

function Survey({ payload }: { payload: Payload }) {
  const answers = payload.pre_chat_survey ?? [];
  if (answers.length === 0) return null;
  return (
    <section class="card">
      <h2>Survey before the chat</h2>
      <dl class="facts">
        {answers.map(({ id, label, answer }, index) => (
          <>
            <dt key={`${id}${index}`}>
              <Text value={label ?? ""} />
            </dt>
            <dd>
              <Text value={answer ?? ""} />
            </dd>
          </>
        ))}
      </dl>
    </section>
  );
}

const SIDES: Record<string, string> = { agent: "Agent", visitor: "Visitor", supervisor: "Supervisor" };

function Conversation({ messages, hasEnded }: { messages: readonly Message[]; hasEnded: boolean }) {
  if (messages.length === 0) {
    return (
      <p class="quiet">
        {hasEnded ? "Nobody wrote a message." : "The transcript comes with the end of the chat."}
      </p>
    );
  }
  return (
    <ol class="conversation">
      {messages.map((message, index) => {
        const day = dayOf(message.timestamp);
        return (
          <>
            {day !== undefined && day !== dayOf(messages[index - 1]?.timestamp) && (
              <li class="day" key={day}>
                {day}
              </li>
            )}
            <li class={`message ${message.user_type ?? ""}`} key={index}>
              <header>
                {SIDES[message.user_type ?? ""] ?? "Unknown"} <Text value={message.author_name ?? ""} />
                {message.timestamp && (
                  <>
                    {" · "}
                    <time dateTime={message.timestamp}>
                      {new Date(message.timestamp).toLocaleTimeString()}
                    </time>
                  </>
                )}
              </header>
              <Long value={message.text ?? ""} />
            </li>
          </>
        );
      })}
    </ol>
  );
}

function dayOf(timestamp: string | undefined): string | undefined {
  if (!timestamp || Number.isNaN(Date.parse(timestamp))) return undefined;
  return new Date(timestamp).toLocaleDateString(undefined, { dateStyle: "full" });
}

function save(chat: StoredChat): string {
  download(new Blob([JSON.stringify(chat, null, 2)], { type: "application/json" }), "chat.json");
  return "Saved as chat.json";
}
