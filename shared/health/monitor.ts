import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { redact } from "../core/redact.ts";
import { SECOND } from "../core/time.ts";
import { within } from "../core/wait.ts";
import type { CheckResult, CheckState } from "../schemas/status.ts";
import { bad, type Finding, unknownUntil } from "./finding.ts";
import type { Sightings } from "./sightings.ts";

/** The change of a check to another state, or to more faults in the same state. */
export type CheckChange = Pick<CheckResult, "since" | "detail" | "action"> & {
  check: string;
  /** `unseen` at the first run of the check. */
  from: string;
  to: CheckState;
};

/** A check of one part of the app. */
export type Check = {
  name: string;
  /** The app cannot work while this check is bad, so `GET /health` answers 503. */
  vital?: boolean;
  /** The name of an earlier check in the list. While that check is bad or unknown, this one is unknown. */
  needs?: string;
  /**
   * Milliseconds for which a finding is reused; {@link SHORT_REUSE} by default. `GET /status` reuses a finding only
   * when this is longer than `SHORT_REUSE`, because an operator must see the effect of the last action.
   */
  freshFor?: number;
  look: () => Promise<Finding>;
};

export type Monitor = ReturnType<typeof createMonitor>;

type MonitorOptions = {
  sightings: Sightings;
  /** Called and awaited once for each change, on one of the instances that find it. Must not reject. */
  onChange?: (change: CheckChange, log: Log) => Promise<void>;
  /** Called with errors that are not an `AppError`: defects. */
  onDefect?: (check: string, error: unknown) => void;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Milliseconds that a check may take. */
  limit?: number;
};

type NamedFinding = Omit<CheckResult, "since"> & Pick<Finding, "count">;

/**
 * Milliseconds for which findings are reused. Anyone may call `GET /health`, so a call must not always cause requests
 * to storage.
 */
const SHORT_REUSE = 5 * SECOND;

export function createMonitor(
  checks: readonly Check[],
  { sightings, onChange, onDefect, now = Date.now, limit = 5 * SECOND }: MonitorOptions,
) {
  const lastRuns = new Map<Check, { startedAt: number; finding: Promise<Finding>; isPending: boolean }>();
  let lastTouched: string | undefined;

  return {
    /**
     * Runs all checks at once, or only the vital ones. A check that throws, or takes more than five seconds, is bad.
     * Of the instances that find a change, one logs it.
     */
    async examine(which: "everything" | "vital" = "everything", log: Log = () => {}): Promise<CheckResult[]> {
      if (which === "everything") await forgetAfterTouch();
      const examined = checks.filter(({ vital }) => vital || which === "everything");
      const findings = await Promise.all(examined.map((check) => findingOf(check, which)));
      const states = new Map<string, CheckState>();
      const named = examined.map(({ name, needs }, index) => {
        const isBlocked = needs !== undefined && BLOCKING.includes(states.get(needs));
        const finding = isBlocked ? unknownUntil(needs) : (findings[index] as Finding);
        states.set(name, finding.state);
        return { name, action: "Nothing.", ...finding };
      });
      return Promise.all(named.map((finding) => reportChange(finding, log)));
    },
    /** After an operator's change: no instance reuses a finding from before it. */
    async lookAgain(): Promise<void> {
      lastRuns.clear();
      await sightings.touch();
      lastTouched = await sightings.touched();
    },
  };

  async function reportChange({ count, ...found }: NamedFinding, log: Log): Promise<CheckResult> {
    const { name, state: to, detail, action } = found;
    const { since, before: from, countBefore } = await sightings.see(name, to, count);
    const isOther = from !== to && !(from === "unseen" && to === "ok");
    const isMore = countBefore !== undefined && count !== undefined && countBefore < count;
    if (from !== undefined && (isOther || isMore)) {
      log("check changed", { check: name, from, to, detail: redact(detail), action });
      await onChange?.({ check: name, from, to, since, detail, action }, log);
    }
    return { ...found, since };
  }

  async function forgetAfterTouch(): Promise<void> {
    const touched = await sightings.touched();
    if (touched !== lastTouched) lastRuns.clear();
    lastTouched = touched;
  }

  /** Shares one run of a check between all callers, and reuses its finding for a while. */
  function findingOf(check: Check, which: "everything" | "vital"): Promise<Finding> {
    const last = lastRuns.get(check);
    const { freshFor = SHORT_REUSE } = check;
    const isFresh =
      last && now() - last.startedAt < freshFor && (which === "vital" || freshFor > SHORT_REUSE);
    if (last && (last.isPending || isFresh)) return last.finding;
    const next = { startedAt: now(), finding: look(check), isPending: true };
    lastRuns.set(check, next);
    next.finding.finally(() => {
      next.isPending = false;
    });
    return next.finding;
  }

  async function look({ name, look }: Check): Promise<Finding> {
    const finding = (async () => look())().catch((error) => failed(name, error));
    const late = bad(
      `This check did not finish within ${limit / 1000} s.`,
      "Call again. If it does not change, read the log and the checks before this one.",
    );
    return within(limit, finding, late);
  }

  function failed(name: string, error: unknown): Finding {
    if (error instanceof AppError) {
      return bad(error.message, "Read the log and the checks before this one.");
    }
    onDefect?.(name, error);
    return bad(
      "The check itself failed; the log has the reason.",
      "Read the log and report it: this is a defect of the app.",
    );
  }
}

/** While a check has one of these states, the checks that need it are unknown. */
const BLOCKING: readonly (CheckState | undefined)[] = ["bad", "unknown"];

const STATES_WORST_FIRST: readonly CheckState[] = ["bad", "attention", "unknown", "ok"];

/** The state of the app: the worst state of its checks. */
export function worst(found: readonly { state: CheckState }[]): CheckState {
  return STATES_WORST_FIRST.find((state) => found.some((one) => one.state === state)) ?? "ok";
}
