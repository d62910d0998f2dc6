import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { redact } from "../core/redact.ts";
import { SECOND } from "../core/time.ts";
import { within } from "../core/within.ts";
import type { CheckResult, CheckState } from "../schemas/status.ts";
import { bad, type Finding, unknownUntil } from "./finding.ts";
import type { Sightings } from "./sightings.ts";

/** A check has another state than before, or more is amiss in the same state. */
export type CheckChange = Pick<CheckResult, "since" | "detail" | "action"> & {
  check: string;
  /** `unseen` at the first look. */
  from: string;
  to: CheckState;
};

/** Looks at one thing that can be wrong with the app. */
export type Check = {
  name: string;
  /** Whether the app does not do its work while this is bad: `GET /health` then answers 503. Not, by default. */
  vital?: boolean;
  /** The check that must be well before this one can be looked at. It stands before this one. */
  needs?: string;
  /**
   * Milliseconds for which a finding is used again; {@link BRIEF} by default. `GET /status` uses one again only if that
   * is more than `BRIEF`: its callers have a key, and what they just did must show.
   */
  freshFor?: number;
  look: () => Promise<Finding>;
  /** Drops what `look` itself keeps for a while. */
  forget?: () => void;
};

export type Monitor = ReturnType<typeof createMonitor>;

export type MonitorOptions = {
  sightings: Sightings;
  /** Called and awaited for each change, by one of the instances that see it. Must not reject. */
  onChange?: (change: CheckChange, log: Log) => Promise<void>;
  /** Is given errors that are no `AppError`: defects. */
  onDefect?: (check: string, error: unknown) => void;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Milliseconds that a check may take. */
  limit?: number;
};

type Seen = Omit<CheckResult, "since"> & Pick<Finding, "count">;

/** Findings are kept for this long, because anyone may call `GET /health`, and storage must not pay for it. */
const BRIEF = 5 * SECOND;

export function createMonitor(
  checks: readonly Check[],
  { sightings, onChange, onDefect, now = Date.now, limit = 5 * SECOND }: MonitorOptions,
) {
  const kept = new Map<Check, { at: number; finding: Promise<Finding>; pending: boolean }>();
  let lastTouched: string | undefined;

  return {
    /**
     * Looks at everything at once, or only at what is vital. A check that throws, or takes more than five seconds, is
     * bad. Each change of a state is written to the log, by one of the instances that see it.
     */
    async examine(which: "everything" | "vital" = "everything", log: Log = () => {}): Promise<CheckResult[]> {
      if (which === "everything") await forgetAfterTouch();
      const examined = checks.filter(({ vital }) => vital || which === "everything");
      const findings = await Promise.all(examined.map((check) => findingOf(check, which)));
      const states = new Map<string, CheckState>();
      const found = examined.map(({ name, needs }, index) => {
        const missed = needs !== undefined && isMissed(states.get(needs));
        const finding = missed ? unknownUntil(needs) : (findings[index] as Finding);
        states.set(name, finding.state);
        return { name, action: "Nothing.", ...finding };
      });
      return Promise.all(found.map((one) => see(one, log)));
    },
    /** For an operator's change: no finding from before is used again, on any instance. */
    async lookAgain(): Promise<void> {
      forget();
      await sightings.touch();
      lastTouched = await sightings.touched();
    },
  };

  async function see({ count, ...found }: Seen, log: Log): Promise<CheckResult> {
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
    if (touched !== lastTouched) forget();
    lastTouched = touched;
  }

  function forget(): void {
    kept.clear();
    for (const check of checks) check.forget?.();
  }

  /** Serves all who ask while it looks, and for a while after. */
  function findingOf(check: Check, which: "everything" | "vital"): Promise<Finding> {
    const last = kept.get(check);
    const { freshFor = BRIEF } = check;
    const isFresh = last && now() - last.at < freshFor && (which === "vital" || freshFor > BRIEF);
    if (last && (last.pending || isFresh)) return last.finding;
    const next = { at: now(), finding: look(check), pending: true };
    kept.set(check, next);
    next.finding.finally(() => {
      next.pending = false;
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

const isMissed = (state: CheckState | undefined) => state === "bad" || state === "unknown";

const BY_WEIGHT: readonly CheckState[] = ["bad", "attention", "unknown", "ok"];

/** The state of the app on the whole: the worst of its checks. */
export function worst(found: readonly { state: CheckState }[]): CheckState {
  return BY_WEIGHT.find((state) => found.some((one) => one.state === state)) ?? "ok";
}
