import { useEffect, useRef } from "preact/hooks";
import { useLocation } from "preact-iso";
import { linkTo } from "./links.tsx";
import { isTyping } from "./rows.tsx";

const GO: Record<string, string> = {
  n: "",
  e: "/events",
  c: "/chats",
  t: "/tickets",
  s: "/subscriptions",
  r: "/reconciliation",
  q: "/quarantine",
  h: "/health",
};

const KEYS = [
  ["/", "Find a chat, a ticket or an event"],
  ["j, k", "Next and previous row"],
  ["Enter", "Open the row"],
  [
    "g n, g e, g c, g t, g s, g r, g q, g h",
    "Now, Events, Chats, Tickets, Subscriptions, Reconciliation, Quarantine, Health",
  ],
  ["?", "This help"],
  ["Esc", "Close"],
] as const;

/** The keyboard's way through the console. */
export function Help() {
  const { route } = useLocation();
  const help = useRef<HTMLDialogElement>(null);
  const find = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    let before = "";
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      const { key } = event;
      if (key === "?") help.current?.showModal();
      else if (key === "/") {
        event.preventDefault();
        find.current?.showModal();
      } else if (before === "g" && key in GO) route(linkTo(GO[key] ?? ""));
      before = key;
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [route]);

  return (
    <>
      <dialog ref={help} aria-labelledby="help-title">
        <h2 id="help-title">Keys</h2>
        <dl class="facts">
          {KEYS.map(([keys, what]) => (
            <>
              <dt key={keys}>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </>
          ))}
        </dl>
        <button type="button" onClick={() => help.current?.close()}>
          Close
        </button>
      </dialog>
      <dialog ref={find} aria-labelledby="jump-title">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const form = new FormData(event.currentTarget);
            const id = encodeURIComponent(String(form.get("id")).trim());
            find.current?.close();
            event.currentTarget.reset();
            route(
              form.get("kind") === "place"
                ? linkTo("/events", { before: Number(id) + 1 })
                : linkTo(`/${form.get("kind")}/${id}`),
            );
          }}
        >
          <h2 id="jump-title">Find</h2>
          <label>
            What
            <select name="kind">
              <option value="chats">Chat by its id</option>
              <option value="tickets">Ticket by its id</option>
              <option value="events">Event by its id</option>
              <option value="place">Event by its place in the log</option>
            </select>
          </label>
          <label>
            Id
            <input name="id" autocomplete="off" required />
          </label>
          <div class="actions">
            <button type="submit">Open</button>
            <button type="button" onClick={() => find.current?.close()}>
              Cancel
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
