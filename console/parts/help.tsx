import type { RefObject } from "preact";
import { Dialog } from "./dialog.tsx";
import { PAGES } from "./keys.ts";

const KEYS = [
  ["/", "Find a chat, a ticket or an event"],
  ["j, k", "Next and previous row"],
  ["Enter", "Open the row"],
  [".", "Pause or resume"],
  ["?", "This help"],
  ["Esc", "Close"],
  ...PAGES.map(({ key, name }) => [`g ${key}`, name] as const),
] as const;

/** A dialog with the keys of the console. */
export function Help({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <Dialog of={dialog} title="Keys" close="Close">
      <dl class="facts keys">
        {KEYS.map(([keys, what]) => [
          <dt key={keys}>
            <kbd>{keys}</kbd>
          </dt>,
          <dd key={what}>{what}</dd>,
        ])}
      </dl>
    </Dialog>
  );
}
