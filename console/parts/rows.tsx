import { useEffect, useRef, useState } from "preact/hooks";

/** Makes the rows of a table walkable by `j`, `k` and Enter: put the `ref` on its `tbody`. */
export function useRows() {
  const body = useRef<HTMLTableSectionElement>(null);
  const [, setAt] = useState(-1);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      const rows = [...(body.current?.rows ?? [])];
      if (rows.length === 0) return;
      const now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
      if (event.key === "j" || event.key === "k") {
        const next = Math.max(0, Math.min(rows.length - 1, now + (event.key === "j" ? 1 : -1)));
        for (const [index, row] of rows.entries()) row.setAttribute("aria-selected", String(index === next));
        rows[next]?.querySelector("a")?.focus({ preventScroll: true });
        rows[next]?.scrollIntoView({ block: "nearest" });
        setAt(next);
      } else if (event.key === "Enter" && now >= 0 && document.activeElement === document.body) {
        rows[now]?.querySelector("a")?.click();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return body;
}

export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return target?.closest("input, textarea, select, dialog[open]") != null;
}
