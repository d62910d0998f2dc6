import type { RefObject } from "preact";
import { useLocation } from "preact-iso";
import { linkTo } from "./links.tsx";

/** Opens a chat, ticket or event by its id, or the log around a place. */
export function Find({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  const { route } = useLocation();
  return (
    <dialog ref={dialog} aria-labelledby="jump-title">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const id = String(form.get("id")).trim();
          const kind = String(form.get("kind"));
          dialog.current?.close();
          event.currentTarget.reset();
          route(
            kind === "place"
              ? linkTo("/events", { before: Number(id) + 1 || undefined })
              : linkTo(`/${kind}/${encodeURIComponent(id)}`),
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
          <input name="id" autocomplete="off" required autofocus />
        </label>
        <div class="actions">
          <button type="submit">Open</button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}
