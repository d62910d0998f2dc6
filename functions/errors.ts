import {
  Conflict,
  InvalidInput,
  KeyReused,
  NoHelpDesk,
  NotFound,
  StorageUnavailable,
  TooManyRequests,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../shared/core/errors.ts";
import { SettingsError } from "../shared/core/settings.ts";

/** Errors of calls to LiveChat. */
export const liveChatErrors = [
  InvalidInput,
  NotFound,
  Conflict,
  NoHelpDesk,
  TooManyRequests,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
  SettingsError,
] as const;

/** Errors of operations that accept an Idempotency-Key. */
export const repeatableErrors = [...liveChatErrors, KeyReused, StorageUnavailable] as const;

/** Errors of our own tables. */
export const storageErrors = [StorageUnavailable, SettingsError] as const;
