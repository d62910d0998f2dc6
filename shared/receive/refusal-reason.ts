import { AppError, Unauthorized } from "../core/errors.ts";

/** Why deliveries are refused: kinds of errors, and `no-credentials` for a 401 to a call without any. */
const REASONS = [
  "no-credentials",
  "unauthorized",
  "forbidden",
  "invalid-input",
  "too-large",
  "unsupported-media-type",
] as const;
export type RefusalReason = (typeof REASONS)[number];

/** The reason in an error; `undefined` for a failure of ours, after which the sender tries again. */
export function refusalReason(error: unknown, hadCredentials: boolean): RefusalReason | undefined {
  if (error instanceof Unauthorized && !hadCredentials) return "no-credentials";
  return REASONS.find((reason) => error instanceof AppError && error.kind === reason);
}

/** The `User-Agent` of the app's own look at its receivers, which is no delivery. */
export const PROBE = "livechat-functions-probe";
