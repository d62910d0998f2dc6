import { AppError } from "../core/errors.ts";
import { NoCredentials } from "./verify-sender.ts";

/** Why deliveries are refused: kinds of errors, and `no-credentials` for a 401 to a call without any. */
const REFUSAL_REASONS = [
  "no-credentials",
  "unauthorized",
  "forbidden",
  "invalid-input",
  "too-large",
  "unsupported-media-type",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** The reason for a refusal; `undefined` for an error of this app, after which the sender repeats the delivery. */
export function refusalReason(error: unknown): RefusalReason | undefined {
  if (error instanceof NoCredentials) return "no-credentials";
  return REFUSAL_REASONS.find((reason) => error instanceof AppError && error.kind === reason);
}

/** The `User-Agent` of the app's own check of its receivers, which is not a delivery. */
export const PROBE_AGENT = "livechat-functions-probe";
