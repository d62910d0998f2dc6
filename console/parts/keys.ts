import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso";
import { linkTo } from "./links.tsx";
import { togglePause } from "./live.tsx";

export const PAGES = [
  { name: "Now", path: "", key: "n" },
  { name: "Events", path: "/events", key: "e" },
  { name: "Chats", path: "/chats", key: "c" },
  { name: "Tickets", path: "/tickets", key: "t" },
  { name: "Subscriptions", path: "/subscriptions", key: "s" },
  { name: "Reconciliation", path: "/reconciliation", key: "r" },
  { name: "Quarantine", path: "/quarantine", key: "q" },
  { name: "Health", path: "/health", key: "h" },
] as const;

/** The second key of `g e` must follow within this time. In milliseconds. */
const SECOND_KEY_WITHIN = 1_500;

/** Handles the keyboard shortcuts. They do nothing while a field or a dialog has the focus. */
export function useKeys(dialogs: { help(): void; find(): void }): void {
  const { route } = useLocation();
  useEffect(() => {
    let goAt = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || needsKeys(event.target)) return;
      const page = PAGES.find(({ key }) => key === event.key);
      const isSecond = event.timeStamp - goAt < SECOND_KEY_WITHIN;
      goAt = event.key === "g" ? event.timeStamp : 0;
      if (isSecond && page) route(linkTo(page.path));
      else if (event.key === "j") step(1);
      else if (event.key === "k") step(-1);
      else if (event.key === ".") togglePause();
      else if (event.key === "?") dialogs.help();
      else if (event.key === "/") {
        event.preventDefault();
        dialogs.find();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [route]);
}

function needsKeys(target: EventTarget | null): boolean {
  return (
    document.querySelector("dialog[open]") !== null ||
    Boolean((target as Element)?.closest?.("input, textarea, select"))
  );
}

/** Gives the focus to the link of the next or previous row, so that Enter opens it. */
function step(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main tbody tr")].filter(
    (row) => row.querySelector("a, button, summary") !== null,
  );
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))];
  row?.querySelector<HTMLElement>("a, button, summary")?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}
