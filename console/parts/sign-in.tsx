import { useEffect, useRef } from "preact/hooks";
import { giveKey, signIn } from "../api.ts";

/** A dialog that asks for a function key. The page below it keeps its place. */
export function SignIn() {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const wanted = signIn.value;
  useEffect(() => {
    if (!wanted) return dialog.current?.close();
    if (!dialog.current?.open) dialog.current?.showModal();
    field.current?.select();
  }, [wanted]);

  return (
    <dialog
      ref={dialog}
      aria-labelledby="sign-in-title"
      // A browser closes a dialog at the second Esc, even if the page prevents it.
      onClose={() => signIn.value && dialog.current?.showModal()}
      onCancel={(event) => event.preventDefault()}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          giveKey(String(form.get("key") ?? "").trim(), { remember: form.has("remember") });
        }}
      >
        <h2 id="sign-in-title">Function key</h2>
        {wanted === "wrong" && <p role="alert">The app refuses this key. Try another.</p>}
        <label>
          Key
          <input
            ref={field}
            name="key"
            type="password"
            autocomplete="off"
            required
            aria-describedby="sign-in-help"
          />
        </label>
        <label class="check">
          <input name="remember" type="checkbox" /> Keep the key until this tab is closed
        </label>
        <p id="sign-in-help" class="quiet">
          Ask an operator for a key. In Azure, it is the host key named console under App keys. The key stays
          in this page and is sent only to this app.
        </p>
        <div class="actions">
          <button type="submit">Open the console</button>
        </div>
      </form>
    </dialog>
  );
}
