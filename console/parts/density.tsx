import { signal } from "@preact/signals";

const KEPT = "livechat-functions-density";
const compact = signal(localStorage.getItem(KEPT) === "compact");

compact.subscribe((isCompact) => {
  document.documentElement.dataset.density = isCompact ? "compact" : "comfortable";
});

/** Switches between many rows on a screen and rows with room; the browser remembers it. */
export function Density() {
  return (
    <button
      type="button"
      class="plain density"
      aria-pressed={compact.value}
      onClick={() => {
        compact.value = !compact.value;
        localStorage.setItem(KEPT, compact.value ? "compact" : "comfortable");
      }}
    >
      Compact rows
    </button>
  );
}
