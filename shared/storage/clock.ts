import { MINUTE } from "../core/time.ts";

/** How far our clock may be off before the storage service's clock takes its place, in milliseconds. */
const TOLERANCE = MINUTE;

export type Clock = ReturnType<typeof createClock>;

/** The time on which all instances agree, independent of their machines' clocks. */
export function createClock(own: () => number = Date.now) {
  let offset = 0;
  let isChecked = false;
  return {
    /** Milliseconds since the epoch: by our own clock, or by the service's where ours is off by more than a minute. */
    now: () => own() + offset,
    /** Milliseconds since the epoch by our own clock, right or wrong. */
    own,
    /** Whether the service's clock has been seen. Before that, `now` can only believe our own. */
    get isChecked() {
      return isChecked;
    },
    /**
     * Reads the `Date` header of an answer that the service has just sent.
     *
     * @param date as the header has it; anything but a date is passed over
     * @param sent `own` when the request was sent: what passed since then is no sign of a wrong clock
     */
    observe(date: string | undefined, sent: number): void {
      const received = own();
      const service = Date.parse(date ?? "");
      if (Number.isNaN(service)) return;
      isChecked = true;
      const isOff = (by: number) => service < sent + by - TOLERANCE || service > received + by + TOLERANCE;
      // A nearly equal offset stays unchanged, so time does not jump with every answer.
      if (isOff(offset)) offset = isOff(0) ? Math.round(service - (sent + received) / 2) : 0;
    },
  };
}
