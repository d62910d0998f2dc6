import { useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { plural } from "../../shared/core/text.ts";
import { call, type Problem, send } from "../api.ts";
import { Action } from "./action.tsx";
import { Dialog, readField } from "./dialog.tsx";
import { ChatLink, linkTo, TicketLink } from "./links.tsx";
import { ProblemBanner } from "./loaded.tsx";
import { Slices } from "./slices.tsx";
import { Text } from "./text.tsx";
import { Tree } from "./tree.tsx";
import { toProblem } from "./use-poll.ts";
import { When } from "./when.tsx";

/** A stored item, and the place where the app keeps it. */
export type Stored = {
  place: string;
  item: Record<string, unknown> & {
    id?: string;
    chatId?: string;
    ticketId?: string;
    subject?: string;
    occurredAt?: string;
  };
  /** Present when the item may be another person's. */
  undecided?: true;
};

/** Finds a chat by its id, or all stored data of a person. An address is sent in a body and stays in memory. */
export function Person() {
  const { route } = useLocation();
  const dialog = useRef<HTMLDialogElement>(null);
  const [found, setFound] = useState<{ email: string; items: Stored[] }>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const find = async (text: string) => {
    setProblem(undefined);
    setFound(undefined);
    if (!text.includes("@")) {
      dialog.current?.close();
      return route(linkTo(`/chats/${encodeURIComponent(text)}`));
    }
    setBusy(true);
    try {
      setFound({ email: text, items: await searchPerson(text) });
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        Find a chat or a person…
      </button>
      <Dialog
        of={dialog}
        title="Find a chat or a person"
        close="Close"
        onClose={() => setFound(undefined)}
        submit={
          <button type="submit" disabled={busy} aria-busy={busy}>
            {busy ? "Searching…" : "Find"}
          </button>
        }
        onSubmit={(form) => void find(readField(form, "text") ?? "")}
        result={
          found && (
            <Found
              {...found}
              onErased={() => setFound({ ...found, items: found.items.filter(({ undecided }) => undecided) })}
            />
          )
        }
      >
        <label>
          Id of a chat, or email address of a person
          <input name="text" autocomplete="off" required />
        </label>
        {problem && <ProblemBanner problem={problem} />}
      </Dialog>
    </>
  );
}

function Found({ email, items, onErased }: { email: string; items: Stored[]; onErased(): void }) {
  const chats = Map.groupBy(
    items.filter(({ item }) => item.chatId !== undefined),
    ({ item }) => item.chatId,
  );
  const tickets = items.filter(({ place }) => place === "tickets");
  const undecided = items.filter(({ undecided }) => undecided).length;
  return (
    <div role="status" class="found">
      <p>
        {items.length === 0
          ? "Nothing is stored about this person."
          : `Stored about this person: ${plural(chats.size, "chat")}, ${plural(tickets.length, "ticket")}, ${plural(items.length, "item")} in all.`}
        {undecided > 0 && ` ${undecided} may be another person's: an erasure keeps these.`}
      </p>
      <ul class="plain-list">
        {[...chats].reverse().map(([chatId, about]) => (
          <li key={chatId}>
            Chat <ChatLink id={chatId} />{" "}
            {about[0]?.item.occurredAt !== undefined && <When at={about[0].item.occurredAt} />}
            {about.every(({ undecided }) => undecided) && " may be another person's"}
          </li>
        ))}
        {tickets.map(({ item: { id, subject }, undecided }) => (
          <li key={id}>
            Ticket <TicketLink id={id} /> <Text value={subject ?? ""} />
            {undecided && " may be another person's"}
          </li>
        ))}
      </ul>
      {items.length > 0 && (
        <details>
          <summary>Stored items: {items.length}</summary>
          <ul class="plain-list">
            <Slices of={items} step={100}>
              {({ place, item, undecided }, index) => (
                <li key={index}>
                  <Tree name={place} value={item} />
                  {undecided && " may be another person's"}
                </li>
              )}
            </Slices>
          </ul>
        </details>
      )}
      {items.length > undecided && (
        <Action
          class="danger"
          typed="erase"
          confirm="Erases all stored data of this person: chats, tickets, quarantined deliveries and stored answers. This cannot be undone."
          run={async () => {
            const words = await erasePerson(email);
            onErased();
            return words;
          }}
        >
          Erase this person
        </Action>
      )}
    </div>
  );
}

/** Reads all stored items of a person. Each call searches a part. @throws {Problem} */
export async function searchPerson(email: string): Promise<Stored[]> {
  const found: Stored[] = [];
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

async function erasePerson(email: string): Promise<string> {
  for (let sum = 0; ; ) {
    const { erased, done, undecided } = await call("EraseByBody", { body: { email } });
    sum += erased;
    if (!done) continue;
    const kept = undecided.length > 0 ? ` ${undecided.length} may be another person's and were kept.` : "";
    return `Erased: ${plural(sum, "item")}.${kept}`;
  }
}
