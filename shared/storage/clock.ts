import { MINUTE } from "../core/time.ts";

/** A machine's clock that differs by more milliseconds from the storage service's clock counts as wrong. */
const TOLERANCE = MINUTE;

export type Clock = ReturnType<typeof createClock>;

/**
 * Makes a clock that all instances agree on: the machine's own clock, corrected by the storage service's clock when it
 * is wrong.
 */
export function createClock(own: () => number = Date.now) {
  let offset = 0;
  let isChecked = false;
  return {
    /** Milliseconds since the epoch, corrected. */
    now: () => own() + offset,
    /** Milliseconds since the epoch by the machine's clock, which may be wrong. */
    own,
    /** Whether the machine's clock was compared with the service's clock. `now` is not corrected before. */
    get isChecked() {
      return isChecked;
    },
    /**
     * Compares the clock with an answer that the service has just sent.
     *
     * @param date the answer's `Date` header; ignored when it is not a date
     * @param sent `own` when the request was sent; the time until the answer does not count as a difference
     */
    observe(date: string | undefined, sent: number): void {
      const received = own();
      const service = Date.parse(date ?? "");
      if (Number.isNaN(service)) return;
      isChecked = true;
      const isWrong = (by: number) => service < sent + by - TOLERANCE || service > received + by + TOLERANCE;
      // An offset within the tolerance stays unchanged, so the time does not jump with every answer.
      if (isWrong(offset)) offset = isWrong(0) ? Math.round(service - (sent + received) / 2) : 0;
    },
  };
}
