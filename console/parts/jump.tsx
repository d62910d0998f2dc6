import { useAct } from "./action.tsx";
import { readField } from "./dialog.tsx";
import { longCall, placeAt } from "./events.ts";
import { fromLocal } from "./local-time.ts";

/** A field that jumps to a time. `go` gets the place of the first event that was received then or later. */
export function Jump({ go }: { go(place: number): void }) {
  const { busy, act } = useAct();
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        const time = fromLocal(readField(event.currentTarget, "time"));
        if (time === undefined) return;
        void act(async () => {
          go(await placeAt(time, longCall()));
          return undefined;
        });
      }}
    >
      <label>
        Jump to a time
        <input name="time" type="datetime-local" required />
      </label>
      <button type="submit" class="quietly" disabled={busy} aria-busy={busy}>
        Jump
      </button>
    </form>
  );
}
