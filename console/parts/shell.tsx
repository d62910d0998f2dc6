import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { BASE } from "../api.ts";
import { Toasts } from "./act.tsx";
import { Help } from "./help.tsx";
import { SignIn } from "./sign-in.tsx";

const PAGES = [
  ["", "Now"],
  ["/events", "Events"],
  ["/chats", "Chats"],
  ["/tickets", "Tickets"],
  ["/subscriptions", "Subscriptions"],
  ["/reconciliation", "Reconciliation"],
  ["/quarantine", "Quarantine"],
  ["/health", "Health"],
] as const;

/** The frame of every page: the way between pages, and the place where a key is asked for. */
export function Shell({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <nav aria-label="Pages">
        <span class="brand">LiveChat Functions</span>
        <ul>
          {PAGES.map(([where, name]) => {
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
      </nav>
      <main id="content">{children}</main>
      <Toasts />
      <Help />
      <SignIn />
    </>
  );
}
