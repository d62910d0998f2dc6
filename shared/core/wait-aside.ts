import { setTimeout } from "node:timers/promises";

/** Waits without keeping the process alive. */
export const waitAside = (milliseconds: number): Promise<unknown> =>
  setTimeout(milliseconds, undefined, { ref: false });
