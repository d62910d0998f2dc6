import { StorageUnavailable } from "../core/errors.ts";

/**
 * A write whose outcome is open: it may have been done, may not have been, and may still be done later. Read back and
 * compare before believing either.
 */
export class OutcomeUnknown extends StorageUnavailable {}

type StorageError = { statusCode?: unknown; code?: unknown; name?: unknown; details?: unknown };

/** The status of Table Storage's answer; `undefined` when there was none. */
export function statusOf(error: unknown): number | undefined {
  const { statusCode } = (error ?? {}) as StorageError;
  return typeof statusCode === "number" ? statusCode : undefined;
}

/** Table Storage's own code of the error (`EntityAlreadyExists`), or the transport's (`ECONNRESET`). */
function storageCodeOf(error: unknown): string | undefined {
  const { code, name, details } = (error ?? {}) as StorageError;
  const inner = (details as { odataError?: { code?: unknown } } | undefined)?.odataError?.code;
  for (const candidate of [inner, code, name]) if (typeof candidate === "string") return candidate;
  return undefined;
}

/** Whether the service said no, so that surely nothing was done. A 408 or 5xx may come after the work. */
function isRefused(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408;
}

/**
 * What a failed operation is to a caller. The SDK's own error holds the request with its signature and the entity in
 * it, so only the status and the code of it are passed on.
 */
export function toStorageError(error: unknown, did: "read" | "write"): Error {
  if (error instanceof StorageUnavailable) return error;
  const status = statusOf(error);
  const code = storageCodeOf(error);
  // Our own mistakes are no outage: a request that is wrong stays wrong when it is repeated.
  if (status === undefined && error instanceof TypeError) return error;
  const upstream = { status, code };
  if (status === 401 || status === 403) {
    return new StorageUnavailable("Storage refuses the app's credentials.", { upstream });
  }
  if (status === 400 || status === 413)
    return new Error(`Storage finds the request wrong: ${status} ${code}`);
  if (did === "write" && !isRefused(status)) {
    return new OutcomeUnknown("Storage did not confirm the write.", {
      upstream,
      retryAfter: 1,
      outcomeUnknown: true,
    });
  }
  return new StorageUnavailable("Storage failed or did not answer in time.", { upstream, retryAfter: 1 });
}
