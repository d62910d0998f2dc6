/** The link that was clicked on each page, so that the browser's Back can return the focus to it. */
const links = new Map<string, string>();
let isBack = false;

const here = () => location.pathname + location.search;

addEventListener("popstate", () => {
  isBack = true;
});
document.addEventListener(
  "click",
  (event) => {
    isBack = false;
    const link = (event.target as Element | null)?.closest?.("tbody a[href]");
    if (link) links.set(here(), link.getAttribute("href") ?? "");
  },
  { capture: true },
);

/** True when the browser's Back or Forward led to this page. */
export function cameBack(): boolean {
  return isBack;
}

/** Gives the focus to the row that was opened when the user left this page. */
export function returnToRow(table: HTMLTableElement): void {
  const left = isBack && links.get(here());
  if (!left) return;
  const link = [...table.querySelectorAll<HTMLElement>("tbody a[href]")].find(
    (one) => one.getAttribute("href") === left,
  );
  if (!link) return;
  links.delete(here());
  link.focus({ preventScroll: true });
  link.scrollIntoView({ block: "center" });
}
