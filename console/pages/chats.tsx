import { useLocation } from "preact-iso";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Jump } from "../parts/jump.tsx";
import { ChatLink, linkTo } from "../parts/links.tsx";
import { List } from "../parts/list.tsx";
import { Page } from "../parts/page.tsx";
import { Person } from "../parts/person.tsx";
import { ChatState } from "../parts/state.tsx";
import { Tags } from "../parts/tags.tsx";
import { Text } from "../parts/text.tsx";
import { usePages } from "../parts/use-pages.ts";
import { When } from "../parts/when.tsx";

/** The number of places after the chosen time that a jump also shows. */
const LATER_PLACES = 20;
type Chat = OutputOf<"ListChats">["items"][number];

export default function Chats() {
  const { query, route } = useLocation();
  const place = Number(query.before) || undefined;
  const chats = usePages<Chat, number>({
    wanted: `chats before ${place}`,
    keyOf: ({ chatId }) => chatId,
    first: (signal) => call("ListChats", { query: place ? { before: String(place) } : {} }, { signal }),
    older: (before) => call("ListChats", { query: { before: String(before) } }),
    // A list of the past gets no new chats.
    ...(place === undefined && { everyMs: 15_000 }),
  });
  return (
    <Page title="Chats" actions={<Person />}>
      <Jump go={(before) => route(linkTo("/chats", { before: before + LATER_PLACES }))} />
      {place !== undefined && (
        <p>
          Chats before place {place} of the log. <a href={linkTo("/chats")}>Show the newest</a>
        </p>
      )}
      <List
        of={chats}
        name="chats"
        caption="Chats, last started first"
        heads={["Chat", "Visitor", "Started", "State", "Agents", { number: "Messages" }, "Tags"]}
        row={(chat) => <Row key={chat.chatId} of={chat} />}
        empty={
          <p>
            There are no chats yet. A chat appears here when it starts in LiveChat. Locally,{" "}
            <code>npm run demo</code> creates one.
          </p>
        }
      />
    </Page>
  );
}

function Row({ of: { chatId, state, messages, receivedAt, payload } }: { of: Chat }) {
  const { chat, visitor } = payload;
  return (
    <tr>
      <td>
        <ChatLink id={chatId} />
      </td>
      <td class="cut">
        {visitor?.name ? <Text value={visitor.name} /> : <span class="quiet">without a name</span>}
      </td>
      <td>
        <When at={chat.started_timestamp ?? receivedAt} />
      </td>
      <td>
        <ChatState of={state} />
      </td>
      <td class="cut">
        {chat.agents && chat.agents.length > 0 && (
          <Text value={chat.agents.map(({ name, login }) => name || login).join(", ")} />
        )}
      </td>
      <td class="number">{messages}</td>
      <td>
        <Tags of={chat.tags} />
      </td>
    </tr>
  );
}
