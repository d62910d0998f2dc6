import { signal } from "@preact/signals";
import { State } from "./state.tsx";
import { now, toWords } from "./when.tsx";

/** While this is true, no page polls, and its content stays. */
export const paused = signal(false);

/**
 * The polls of the page. `at` is the time of the last success, in milliseconds since the epoch; `fails` is true after a
 * failure.
 */
export const polls = signal<ReadonlyMap<symbol, { at?: number | undefined; fails: boolean }>>(new Map());

/** The bar is full when the data have this age, in milliseconds. */
const FULL_BAR_MS = 5 * 60_000;

/** Shows whether the page is current, and otherwise the age of its oldest data. */
export function Live() {
  const all = [...polls.value.values()];
  const isLost = all.some(({ fails }) => fails);
  const times = all.filter(({ fails }) => fails || !isLost).flatMap(({ at }) => at ?? []);
  const age = times.length === 0 ? undefined : Math.max(0, now.value - Math.min(...times));
  return (
    <div class="live">
      {isLost ? (
        <State kind="bad">not current</State>
      ) : (
        <State kind={paused.value ? "attention" : "ok"}>{paused.value ? "paused" : "live"}</State>
      )}
      {age !== undefined && (isLost || paused.value) && (
        <>
          <meter
            min={0}
            max={FULL_BAR_MS}
            high={60_000}
            low={1}
            optimum={0}
            value={age}
            aria-label="Age of the data"
          />
          <span class="quiet">Data from {toWords(-age)}</span>
        </>
      )}
      <button type="button" class="plain" aria-pressed={paused.value} onClick={togglePause}>
        {paused.value ? "Resume" : "Pause"}
      </button>
    </div>
  );
}

export function togglePause(): void {
  paused.value = !paused.value;
}
