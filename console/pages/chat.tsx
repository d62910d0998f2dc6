import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { plural } from "../../shared/core/text.ts";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/action.tsx";
import { timesOf } from "../parts/chat-times.ts";
import { Conversation } from "../parts/conversation.tsx";
import { download } from "../parts/download.ts";
import { TYPES } from "../parts/events.ts";
import { Fact, Facts } from "../parts/facts.tsx";
import { EventLink, linkTo, TicketLink } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { type Stored, searchPerson } from "../parts/person.tsx";
import { ChatState, State } from "../parts/state.tsx";
import { Tags } from "../parts/tags.tsx";
import { Text } from "../parts/text.tsx";
import { useCall } from "../parts/use-call.ts";
import { toSpan, When } from "../parts/when.tsx";

type StoredChat = OutputOf<"GetChat">;
type Payload = NonNullable<StoredChat["payload"]>;

export default function ChatPage({ id }: { id: string }) {
  const { route } = useLocation();
  const chat = useCall("GetChat", { path: { chatId: id } }, { everyMs: 15_000 });
  return (
    <Page
      title="Chat"
      actions={
        chat.body && (
          <>
            <Action run={async () => save(await call("GetChat", { path: { chatId: id } }))}>Export</Action>
            <Action
              class="danger"
              typed={id}
              confirm="Erases all stored content of this chat. The log keeps only the fact that its events existed. This cannot be undone."
              run={async () => {
                const { erased } = await call("EraseChat", { path: { chatId: id } });
                route(linkTo("/chats"));
                return `Erased: ${erased}`;
              }}
            >
              Erase
            </Action>
          </>
        )
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
        <>
          <About chat={chat} payload={payload} />
          <Survey payload={payload} />
          <section class="card">
            <h2>Conversation</h2>
            <Conversation messages={payload.chat.messages ?? []} hasEnded={chat.state === "ended"} />
          </section>
          {payload.visitor?.email && <Tickets email={payload.visitor.email} />}
        </>
      ) : (
        <p class="banner">The content of this chat was erased.</p>
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

function About({ chat, payload }: { chat: StoredChat; payload: Payload }) {
  const {
    started_timestamp: started,
    ended_timestamp: ended,
    agents = [],
    tags,
    groups = [],
    url,
  } = payload.chat;
  const { visitor } = payload;
  const { wait, response, duration } = timesOf(payload.chat);
  return (
    <section class="card">
      <h2>
        <Text value={visitor?.name || "Visitor without a name"} /> <ChatState of={chat.state} />
      </h2>
      <Facts>
        <Fact name="Chat">
          <Text value={chat.chatId} />
        </Fact>
        <Fact name="Email">{visitor?.email && <Text value={visitor.email} />}</Fact>
        <Fact name="Location">{placeOf(visitor) && <Text value={placeOf(visitor)} />}</Fact>
        <Fact name="Started">{started ? <When at={started} /> : "unknown"}</Fact>
        <Fact name="Ended">{ended && <When at={ended} />}</Fact>
        <Fact name="Duration">{duration !== undefined && toSpan(duration)}</Fact>
        <Fact name="Wait">
          {wait === undefined ? "no agent has written yet" : `${toSpan(wait)} until an agent wrote`}
        </Fact>
        <Fact name="First response">
          {response !== undefined && `${toSpan(response)} after the visitor wrote`}
        </Fact>
        <Fact name="Agents">
          {agents.length === 0 ? (
            "none"
          ) : (
            <Text value={agents.map(({ name, login }) => name || login || "unknown").join(", ")} />
          )}
        </Fact>
        <Fact name="Groups">{groups.join(", ")}</Fact>
        <Fact name="Tags">{tags && tags.length > 0 && <Tags of={tags} />}</Fact>
        <Rating of={payload.chat.rating} />
        <Fact name="Page">{url && <Text value={url} />}</Fact>
      </Facts>
    </section>
  );
}

/** The visitor's city, region and country, as far as LiveChat sent them. */
function placeOf(visitor: Payload["visitor"]): string {
  const { city, region, country } = (visitor?.geolocation ?? visitor ?? {}) as Record<string, unknown>;
  return [city, region, country].filter((part) => typeof part === "string" && part !== "").join(", ");
}

/** Shows the visitor's rating. The Text platform sends a score of 1 or 0, with an optional comment. */
function Rating({ of }: { of: unknown }) {
  const { score, comment } = (of ?? {}) as { score?: unknown; comment?: unknown };
  if (typeof score !== "number") return null;
  return (
    <Fact name="Rating">
      <State kind={score > 0 ? "ok" : "bad"}>{score > 0 ? "good" : "bad"}</State>{" "}
      {typeof comment === "string" && <Text value={comment} />}
    </Fact>
  );
}

function Survey({ payload }: { payload: Payload }) {
  const answers = payload.pre_chat_survey ?? [];
  if (answers.length === 0) return null;
  return (
    <section class="card">
      <h2>Survey before the chat</h2>
      <Facts>
        {answers.map(({ label, answer }, index) => (
          <Fact key={index} name={<Text value={label ?? ""} />}>
            <Text value={answer ?? ""} />
          </Fact>
        ))}
      </Facts>
    </section>
  );
}

/** Finds the visitor's tickets on demand. The email address is sent in a body. */
function Tickets({ email }: { email: string }) {
  const [found, setFound] = useState<Stored["item"][]>();
  return (
    <section class="card">
      <div class="page-head">
        <h2>Tickets of this visitor</h2>
        <Action
          run={async () => {
            const tickets = (await searchPerson(email)).filter(({ place }) => place === "tickets");
            setFound(tickets.map(({ item }) => item));
            return plural(tickets.length, "ticket");
          }}
        >
          Find tickets
        </Action>
      </div>
      {found?.length === 0 && <p class="quiet">No stored ticket has this visitor's address.</p>}
      <ul>
        {found?.map(({ id, subject }) => (
          <li key={id}>
            <TicketLink id={id} /> <Text value={String(subject ?? "")} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function save(chat: StoredChat): string {
  download(new Blob([JSON.stringify(chat, null, 2)], { type: "application/json" }), "chat.json");
  return "Saved as chat.json";
}
