import { type AppError, originOf } from "../core/errors.ts";
import type { CheckResult } from "../schemas/status.ts";

/**
 * The result of a check. `detail` describes the state, and `action` says what the operator should do: one or two
 * sentences each.
 */
export type Finding = Pick<CheckResult, "state" | "detail"> & {
  /** Absent when there is nothing to do. */
  action?: string;
  /** The number of faults, if they can be counted: a higher number also counts as a change. */
  count?: number;
};

export function ok(detail: string): Finding {
  return { state: "ok", detail };
}

export function attention(detail: string, action: string): Finding {
  return { state: "attention", detail, action };
}

export function bad(detail: string, action: string): Finding {
  return { state: "bad", detail, action };
}

/** The finding of a check that cannot run before another check passes. */
export function unknownUntil(needs: string): Finding {
  return {
    state: "unknown",
    detail: `Unknown until the check ${needs} passes.`,
    action: `Look at the check ${needs} first.`,
  };
}

/** An error's message for the operator, with the status and code of its cause. */
export function withOrigin(error: AppError): string {
  const origin = originOf(error);
  return origin === undefined ? error.message : `${error.message} (${origin})`;
}
