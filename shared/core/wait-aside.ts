import { setTimeout } from "node:timers/promises";

/** Waits for so many milliseconds. A process that has nothing else to do ends meanwhile. */
export const waitAside = (milliseconds: number): Promise<unknown> =>
  setTimeout(milliseconds, undefined, { ref: false });
