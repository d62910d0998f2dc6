/** Units of time, in milliseconds. */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** @param milliseconds since the epoch */
export function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
