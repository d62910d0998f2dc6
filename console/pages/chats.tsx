import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { ChatLink } from "../parts/links.tsx";
import { List } from "../parts/list.tsx";
import { Page } from "../parts/page.tsx";
import { Person } from "../parts/person.tsx";
import { State } from "../parts/state.tsx";
import { Tags } from "../parts/tags.tsx";
import { Text } from "../parts/text.tsx";
import { usePages } from "../parts/use-pages.ts";
import { When } from "../parts/when.tsx";

type Chat = OutputOf<"ListChats">["items"][number];

export default function Chats() {
  const chats = usePages<Chat, number>({
    wanted: "chats",
    keyOf: ({ chatId }) => chatId,
    first: (signal) => call("ListChats", {}, { signal }),
    older: (before) => call("ListChats", { query: { before: String(before) } }),
    everyMs: 15_000,
  });
  return (
    <Page title="Chats" actions={<Person />}>
      <List
        of={chats}
        name="chats"
        caption="Chats, last started first"
        heads={["Chat", "Visitor", "State", "Agents", { number: "Messages" }, "Tags", "Started"]}
        row={(chat) => <Row key={chat.chatId} of={chat} />}
        empty={
          <p>
            No chat yet. A chat appears here when it starts in LiveChat. Locally, <code>npm run demo</code>{" "}
            makes one.
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
        <Text value={visitor?.name || "without a name"} />
      </td>
      <td>
        <State kind={state === "started" ? "attention" : "ok"}>
          {state === "started" ? "going on" : "ended"}
        </State>
      </td>
      <td class="cut">
        <Text value={(chat.agents ?? []).map(({ name, login }) => name || login).join(", ")} />
      </td>
      <td class="number">{messages}</td>
      <td>
        <Tags of={chat.tags} />
      </td>
      <td>
        <When at={chat.started_timestamp ?? receivedAt} />
      </td>
    </tr>
  );
}
