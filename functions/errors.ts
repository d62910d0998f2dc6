import {
  Conflict,
  InvalidInput,
  KeyReused,
  NotFound,
  StorageUnavailable,
  TooManyRequests,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../shared/core/errors.ts";
import { SettingsError } from "../shared/core/settings.ts";

/** What a call to LiveChat can end in. */
export const liveChatErrors = [
  InvalidInput,
  NotFound,
  Conflict,
  TooManyRequests,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
  SettingsError,
] as const;

/** What a creation can end in, that can be repeated by its Idempotency-Key. */
export const creationErrors = [...liveChatErrors, KeyReused, StorageUnavailable] as const;

/** What asking our own tables can end in. */
export const storageErrors = [StorageUnavailable, SettingsError] as const;
