/**
 * Exponential back-off with jitter: a share of a time that doubles with each failure.
 *
 * @param failures how often it failed, from 1
 * @param first the longest first wait, in milliseconds
 * @param longest the longest wait of all, in milliseconds
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
