import { StorageUnavailable } from "../core/errors.ts";

/**
 * Runs work with a time limit in milliseconds. The signal aborts at the limit.
 *
 * @throws {StorageUnavailable} when the work fails after the limit
 */
export async function inTime<Value>(
  limit: number,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort(new StorageUnavailable("Storage did not confirm the write in time.", { retryAfter: 1 }));
  }, limit);
  try {
    return await work(abort.signal);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}
