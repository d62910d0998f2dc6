import { signal } from "@preact/signals";
import { State } from "./state.tsx";
import { now, toWords } from "./when.tsx";

/** While it is set, no page polls: what is on it stays. */
export const paused = signal(false);

/** When each poll of the page last succeeded, in milliseconds since the epoch, and whether it fails now. */
export const polls = signal<ReadonlyMap<symbol, { at?: number | undefined; fails: boolean }>>(new Map());

/** A bar is full at this age of the data, in milliseconds. */
const OLD_MS = 5 * 60_000;

/** Whether the page is kept current, and how old its oldest data is when it is not. */
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
            max={OLD_MS}
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
