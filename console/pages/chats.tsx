import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { call, Problem, send } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/act.tsx";
import { ChatLink, linkTo } from "../parts/links.tsx";
import { ProblemBanner, Skeleton } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { useRows } from "../parts/rows.tsx";
import { State } from "../parts/state.tsx";
import { Text } from "../parts/text.tsx";
import { Tree } from "../parts/tree.tsx";
import { When } from "../parts/when.tsx";

type Chat = OutputOf<"ListChats">["items"][number];
const POLL_MS = 15_000;

export default function Chats() {
  const [items, setItems] = useState<Chat[]>();
  const [next, setNext] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const [turn, setTurn] = useState(0);
  const rows = useRows();

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      let pause = POLL_MS;
      try {
        if (!document.hidden) {
          const page = await call("ListChats", {}, { signal: abort.signal });
          setProblem(undefined);
          setItems((before) => merge(page.items, before ?? []));
          setNext((before) => before ?? page.next);
        }
      } catch (error) {
        if (abort.signal.aborted || !(error instanceof Problem)) return;
        setProblem(error);
        pause = Math.max(pause, (error.retryAfter ?? 0) * 1_000);
      }
      timer = setTimeout(load, pause);
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [turn]);

  const more = async () => {
    const page = await call("ListChats", { query: { before: String(next) } });
    setItems((before) => merge(before ?? [], page.items));
    setNext(page.next);
    return `${page.items.length} more chats`;
  };

  return (
    <Page title="Chats" actions={<Find />}>
      {problem && problem.status !== 401 && (
        <ProblemBanner problem={problem} retry={() => setTurn((now) => now + 1)} />
      )}
      {items === undefined && !problem && <Skeleton />}
      {items?.length === 0 && (
        <p class="card empty">
          No chat yet. A chat appears here when it starts in LiveChat. Locally, <code>npm run demo</code>{" "}
          makes one.
        </p>
      )}
      {items && items.length > 0 && (
        <div class="card scroll">
          <table>
            <caption class="visually-hidden">Chats, last started first</caption>
            <thead>
              <tr>
                <th scope="col">Chat</th>
                <th scope="col">Visitor</th>
                <th scope="col">State</th>
                <th scope="col">Agents</th>
                <th scope="col" class="number">
                  Messages
                </th>
                <th scope="col">Tags</th>
                <th scope="col">Started</th>
              </tr>
            </thead>
            <tbody ref={rows}>
              {items.map(({ chatId, state, messages, receivedAt, payload: { chat, visitor } }) => (
                <tr key={chatId}>
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
                    {(chat.tags ?? []).map((tag) => (
                      <span class="badge" key={tag}>
                        <Text value={tag} />
                      </span>
                    ))}
                  </td>
                  <td>
                    <When at={chat.started_timestamp ?? receivedAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {items && next !== null && <Action run={more}>Older chats</Action>}
    </Page>
  );
}

/** Two lists as one: last started first, each chat once, as the first list has it. */
function merge(first: readonly Chat[], second: readonly Chat[]): Chat[] {
  const all = new Map([...second, ...first].map((chat) => [chat.chatId, chat]));
  return [...all.values()].sort((a, b) => b.seq - a.seq);
}

/** Finds a chat by its id, or all that is stored of a person. An address is sent in a body and stays in memory. */
function Find() {
  const { route } = useLocation();
  const dialog = useRef<HTMLDialogElement>(null);
  const [found, setFound] = useState<unknown[]>();
  const [problem, setProblem] = useState<Problem>();
  const find = async (text: string) => {
    setProblem(undefined);
    if (!text.includes("@")) {
      dialog.current?.close();
      return route(linkTo(`/chats/${encodeURIComponent(text)}`));
    }
    try {
      setFound(await search(text));
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        Find a chat or a person…
      </button>
      <dialog ref={dialog} aria-labelledby="find-title" onClose={() => setFound(undefined)}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void find(String(new FormData(event.currentTarget).get("text")).trim());
          }}
        >
          <h2 id="find-title">Find</h2>
          <label>
            Id of a chat, or email address of a person
            <input name="text" autocomplete="off" required />
          </label>
          {problem && <ProblemBanner problem={problem} />}
          {found && (
            <div role="status">
              <p>
                {found.length === 0
                  ? "Nothing is stored of this person."
                  : `${found.length} items are stored.`}
              </p>
              {found.map((item, index) => (
                <Tree key={index} value={item} />
              ))}
            </div>
          )}
          <div class="actions">
            <button type="submit">Find</button>
            <button type="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}

/** All that is stored of a person, in as many calls as it takes. @throws {Problem} */
async function search(email: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const response = await send("SearchVisitor", { body: { email, ...(after && { after }) } });
    const lines = (await response.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { next = null } = lines.pop() ?? {};
    found.push(...lines);
    after = next;
  }
  return found;
}
