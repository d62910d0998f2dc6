import { StorageUnavailable } from "../core/errors.ts";

/** The outcome of a write is unknown: storage may have carried it out, or may still do so. Reading the row shows which. */
export class OutcomeUnknown extends StorageUnavailable {}

type StorageError = { statusCode?: unknown; code?: unknown; name?: unknown; details?: unknown };

/** The status of Table Storage's answer; `undefined` without an answer. */
export function statusOf(error: unknown): number | undefined {
  const { statusCode } = (error ?? {}) as StorageError;
  return typeof statusCode === "number" ? statusCode : undefined;
}

/** The code of an error, from Table Storage (`EntityAlreadyExists`) or from the network (`ECONNRESET`). */
function storageCodeOf(error: unknown): string | undefined {
  const { code, name, details } = (error ?? {}) as StorageError;
  const inner = (details as { odataError?: { code?: unknown } } | undefined)?.odataError?.code;
  return [inner, code, name].find((candidate) => typeof candidate === "string");
}

/** Whether storage refused the request, so that nothing was written. A 408 or 5xx may come after the write. */
function isRefused(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408;
}

/**
 * The error of a failed operation for callers. It has only the status and the code of the SDK's error, which contains
 * the request with its signature and the entity.
 */
export function toStorageError(error: unknown, did: "read" | "write"): Error {
  if (error instanceof StorageUnavailable) return error;
  const status = statusOf(error);
  const code = storageCodeOf(error);
  // A defect of the app is not an outage: a repetition of the request would fail again.
  if (status === undefined && error instanceof TypeError) return error;
  const upstream = { status, code };
  if (status === 401 || status === 403) {
    return new StorageUnavailable("Storage refuses the app's credentials.", { upstream });
  }
  if (status === 400 || status === 413) {
    return new Error(`Table Storage rejected the request as invalid: ${status} ${code}`);
  }
  if (did === "write" && !isRefused(status)) {
    const options = { upstream, retryAfter: 1, outcomeUnknown: true };
    return new OutcomeUnknown("Storage did not confirm the write.", options);
  }
  return new StorageUnavailable("Storage failed or did not answer in time.", { upstream, retryAfter: 1 });
}
