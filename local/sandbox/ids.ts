/** 2^64 divided by the golden ratio: it spreads neighbours far apart, and shares no factor with 36. */
const STEP = 0x9e3779b97f4a7c15n;

/**
 * Makes a function for ids like LiveChat's: short, upper-case, in no visible order (`ZKBGE`). Each number has its own id,
 * so no id repeats before all `36 ** length` are used.
 */
export function idsFrom(first: number, length: number): () => string {
  let next = BigInt(Math.floor(first));
  const all = 36n ** BigInt(length);
  return () => ((next++ * STEP) % all).toString(36).toUpperCase().padStart(length, "0");
}
