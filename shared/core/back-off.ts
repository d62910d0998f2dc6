/**
 * Exponential back-off with jitter: a random share of a pause that doubles with each failure.
 *
 * @param failures the number of failures so far, at least 1
 * @param first the longest first pause, in milliseconds
 * @param longest the longest pause, in milliseconds
 * @param share a random number from 0 to 1: full jitter, which spreads callers best
 *   (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)
 */
export function backOff(
  failures: number,
  { first, longest }: { first: number; longest: number },
  share: number,
): number {
  return share * Math.min(longest, first * 2 ** (failures - 1));
}
