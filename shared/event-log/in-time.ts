import { StorageUnavailable } from "../core/errors.ts";

/**
 * Gives work a time limit in milliseconds, and aborts it at the limit.
 *
 * @throws {StorageUnavailable} when the work did not finish in time
 */
export async function inTime<Value>(
  limit: number,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort(new StorageUnavailable("Storage did not store it in time.", { retryAfter: 1 }));
  }, limit);
  try {
    return await work(abort.signal);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}
