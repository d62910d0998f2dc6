import type { RefObject } from "preact";
import { useLocation } from "preact-iso";
import { Dialog, readField } from "./dialog.tsx";
import { linkTo } from "./links.tsx";

/** A dialog that opens a chat, ticket or event by its id, or the log at a place. */
export function Find({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  const { route } = useLocation();
  return (
    <Dialog
      of={dialog}
      title="Find"
      submit={<button type="submit">Open</button>}
      onSubmit={(form) => {
        const id = readField(form, "id") ?? "";
        const kind = readField(form, "kind");
        dialog.current?.close();
        form.reset();
        route(
          kind === "place"
            ? linkTo("/events", { before: Number(id) + 1 || undefined })
            : linkTo(`/${kind}/${encodeURIComponent(id)}`),
        );
      }}
    >
      <label>
        Kind
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
    </Dialog>
  );
}
