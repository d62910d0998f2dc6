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

/** For a check that needs another one, which does not pass. */
export function unknownUntil(needs: string): Finding {
  return {
    state: "unknown",
    detail: `Unknown until the check ${needs} passes.`,
    action: `Look at the check ${needs} first.`,
  };
}
