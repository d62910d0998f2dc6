import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useLocation } from "preact-iso";
import { BASE } from "../api.ts";
import { Toasts } from "./action.tsx";
import { Density } from "./density.tsx";
import { Find } from "./find.tsx";
import { Help } from "./help.tsx";
import { PAGES, useKeys } from "./keys.ts";
import { Live } from "./live.tsx";
import { SignIn } from "./sign-in.tsx";

/** The frame of every page: navigation, dialogs and messages. */
export function Shell({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const help = useRef<HTMLDialogElement>(null);
  const find = useRef<HTMLDialogElement>(null);
  useKeys({ help: () => help.current?.showModal(), find: () => find.current?.showModal() });
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <nav aria-label="Pages">
        <span class="brand">LiveChat Functions</span>
        <ul>
          {PAGES.map(({ name, path: where }) => {
            const here = where === "" ? path === BASE : path.startsWith(BASE + where);
            return (
              <li key={name}>
                <a href={BASE + where} aria-current={here ? "page" : undefined}>
                  {name}
                </a>
              </li>
            );
          })}
        </ul>
        <Live />
        <div class="tools">
          <button type="button" class="plain" onClick={() => find.current?.showModal()}>
            Find <kbd>/</kbd>
          </button>
          <button type="button" class="plain" onClick={() => help.current?.showModal()}>
            Keys <kbd>?</kbd>
          </button>
          <Density />
        </div>
      </nav>
      <main id="content">{children}</main>
      <Toasts />
      <Help dialog={help} />
      <Find dialog={find} />
      <SignIn />
    </>
  );
}
