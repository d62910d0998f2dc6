import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api.ts";
import { Dialog } from "./dialog.tsx";

type Toast = { id: number; text: string; bad: boolean };
const toasts = signal<Toast[]>([]);
let count = 0;

/** Shows the result of an action for some seconds. */
export function showToast(text: string, { bad = false } = {}): void {
  const id = count++;
  toasts.value = [...toasts.value, { id, text, bad }];
  setTimeout(
    () => {
      toasts.value = toasts.value.filter((toast) => toast.id !== id);
    },
    bad ? 12_000 : 5_000,
  );
}

export function Toasts() {
  const box = useRef<HTMLDivElement>(null);
  // The last popover lies on top, even of an open dialog.
  useEffect(() => {
    box.current?.hidePopover();
    box.current?.showPopover();
  }, [toasts.value]);
  return (
    <div ref={box} class="toasts" role="status" popover="manual">
      {toasts.value.map(({ id, text, bad }) => (
        <div key={id} class={bad ? "banner bad" : undefined}>
          {text}
        </div>
      ))}
    </div>
  );
}

type ActionProps = {
  children: ComponentChildren;
  /** Runs the action and returns its result in words. */
  run(): Promise<string>;
  class?: string;
  disabled?: boolean;
  /** The text of a dialog that asks for confirmation. */
  confirm?: string;
  /** The text that the user must type first. For actions that cannot be undone. */
  typed?: string;
};

/** Runs an action and shows its result: the words that `run` returns, or the problem. */
export function useAct(): { busy: boolean; act(run: () => Promise<string | undefined>): Promise<void> } {
  const [busy, setBusy] = useState(false);
  const act = async (run: () => Promise<string | undefined>) => {
    setBusy(true);
    try {
      const words = await run();
      if (words !== undefined) showToast(words);
    } catch (error) {
      showToast(error instanceof Problem ? error.message : String(error), { bad: true });
    } finally {
      setBusy(false);
    }
  };
  return { busy, act };
}

/** A button that runs an action of the app, after a confirmation if it has one. */
export function Action({ children, run, confirm, typed, disabled, ...rest }: ActionProps) {
  const { busy, act } = useAct();
  const dialog = useRef<HTMLDialogElement>(null);
  const asks = confirm !== undefined || typed !== undefined;
  return (
    <>
      <button
        type="button"
        {...rest}
        disabled={busy || disabled}
        aria-busy={busy}
        onClick={() => (asks ? dialog.current?.showModal() : act(run))}
      >
        {children}
      </button>
      {asks && (
        <Dialog
          of={dialog}
          title={children}
          submit={
            <button type="submit" class={typed !== undefined ? "danger" : undefined}>
              {children}
            </button>
          }
          onSubmit={(form) => {
            if (typed !== undefined && new FormData(form).get("typed") !== typed) return;
            dialog.current?.close();
            form.reset();
            void act(run);
          }}
        >
          {confirm && <p>{confirm}</p>}
          {typed !== undefined && (
            <label>
              <span>
                Type <code>{typed}</code> to confirm
              </span>
              <input name="typed" autocomplete="off" required pattern={toPattern(typed)} />
            </label>
          )}
        </Dialog>
      )}
    </>
  );
}

/** Makes the pattern of a field that accepts only this text: a regular expression with the flag `v`. */
function toPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/&~!#%,:;<=>@`-]/g, "\\$&");
}
