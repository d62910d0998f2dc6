/** 2^64 divided by the golden ratio: spreads neighbours far apart, and shares no factor with 36. */
const STEP = 0x9e3779b97f4a7c15n;

/**
 * Ids that look like LiveChat's own: short, upper-case, in no order (`ZKBGE`). Every number has an id of its own, so
 * none comes twice until all `36 ** length` are used.
 */
export function idsFrom(first: number, length: number): () => string {
  let next = BigInt(Math.floor(first));
  const all = 36n ** BigInt(length);
  return () => ((next++ * STEP) % all).toString(36).toUpperCase().padStart(length, "0");
}
