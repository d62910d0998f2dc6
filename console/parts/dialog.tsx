import type { ComponentChildren, RefObject } from "preact";
import { useId } from "preact/hooks";

type DialogProps = {
  /** Gives access to `showModal`, which opens the dialog. */
  of: RefObject<HTMLDialogElement | null>;
  title: ComponentChildren;
  children?: ComponentChildren;
  /** The button that submits the form. */
  submit?: ComponentChildren;
  onSubmit?(form: HTMLFormElement): void;
  /** Called when a field changes. */
  onInput?(): void;
  onClose?(): void;
  /** The label of the button that closes the dialog. */
  close?: string;
  /** Shown below the buttons. */
  result?: ComponentChildren;
};

/** A dialog over the page: a heading, perhaps fields, and buttons. */
export function Dialog({
  of,
  title,
  children,
  submit,
  onSubmit,
  onInput,
  onClose,
  result,
  ...rest
}: DialogProps) {
  const heading = useId();
  const { close = "Cancel" } = rest;
  return (
    <dialog ref={of} aria-labelledby={heading} onClose={onClose}>
      <form
        onInput={onInput}
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.(event.currentTarget);
        }}
      >
        <h2 id={heading}>{title}</h2>
        {children}
        <div class="actions">
          {submit}
          <button type="button" onClick={() => of.current?.close()}>
            {close}
          </button>
        </div>
      </form>
      {result}
    </dialog>
  );
}

/** Reads a field of a form, without leading and trailing spaces; `undefined` when it is empty. */
export function readField(form: HTMLFormElement, name: string): string | undefined {
  return String(new FormData(form).get(name) ?? "").trim() || undefined;
}
