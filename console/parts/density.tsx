import { signal } from "@preact/signals";

const STORED_DENSITY = "livechat-functions-density";
const compact = signal(localStorage.getItem(STORED_DENSITY) === "compact");

compact.subscribe((isCompact) => {
  document.documentElement.dataset.density = isCompact ? "compact" : "comfortable";
});

/** A button for compact or spacious rows. The browser remembers the choice. */
export function Density() {
  return (
    <button
      type="button"
      class="plain density"
      aria-pressed={compact.value}
      onClick={() => {
        compact.value = !compact.value;
        localStorage.setItem(STORED_DENSITY, compact.value ? "compact" : "comfortable");
      }}
    >
      Compact rows
    </button>
  );
}
