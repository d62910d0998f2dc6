import { signal } from "@preact/signals";
import { contact } from "../api.ts";
import { State } from "./state.tsx";
import { now, toWords } from "./when.tsx";

/** While it is set, no page polls: what is on it stays. */
export const paused = signal(false);

/** A bar is full at this age of the data, in milliseconds. */
const OLD_MS = 5 * 60_000;

/** Whether the page is kept current, and how old it is when it is not. */
export function Live() {
  const { at, lostSince } = contact.value;
  const age = at === undefined ? undefined : Math.max(0, now.value - at);
  return (
    <div class="live">
      {lostSince !== undefined ? (
        <State kind="bad">not current</State>
      ) : (
        <State kind={paused.value ? "attention" : "ok"}>{paused.value ? "paused" : "live"}</State>
      )}
      {age !== undefined && (lostSince !== undefined || paused.value) && (
        <>
          <meter
            min={0}
            max={OLD_MS}
            high={60_000}
            low={1}
            optimum={0}
            value={age}
            aria-label="Age of the data"
          />
          <span class="quiet">Data of {toWords(-age)}</span>
        </>
      )}
      <button type="button" class="plain" aria-pressed={paused.value} onClick={togglePause}>
        {paused.value ? "Go on" : "Pause"}
      </button>
    </div>
  );
}

export function togglePause(): void {
  paused.value = !paused.value;
}
