import { AppError } from "../core/errors.ts";
import { lazy } from "../core/lazy.ts";
import type { Sightings } from "./sightings.ts";

/**
 * `attention` is for a person to look at; `bad` makes the app unhealthy. `unknown` is what cannot be told because of
 * something else that is bad.
 */
export type State = "ok" | "attention" | "bad" | "unknown";

export type Finding = {
  state: State;
  /** What was found, in a sentence or two. */
  detail: string;
  /** What the operator is to do about it, in a sentence or two. */
  action?: string;
};

/** One thing that can be wrong with the app, by the one look that finds it out. */
export type Check = {
  name: string;
  /** Whether the app does not do its work while this is bad. */
  vital: boolean;
  /** Another check without which this one cannot be told. It must stand before it. */
  needs?: string;
  /** Milliseconds that a finding is good for: anybody may ask for the health of the app, and must not be able to spend its calls that way. */
  freshFor: number;
  look: () => Promise<Finding>;
};

export type Found = Required<Finding> & {
  name: string;
  /** ISO 8601: since when it has been seen in this state. */
  since: string;
};

export type Monitor = {
  /**
   * Looks at everything at once, or only at what is vital. A look that throws, or does not answer in five seconds, is
   * bad, in its error's own words if they are meant for others.
   */
  examine(which?: "everything" | "vital"): Promise<Found[]>;
};

export type MonitorOptions = {
  sightings: Sightings;
  /** Told of errors that are no `AppError`: defects. */
  onDefect?: (check: string, error: unknown) => void;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Milliseconds that a look may take. */
  limit?: number;
};

export function createMonitor(
  checks: readonly Check[],
  { sightings, onDefect, now = Date.now, limit = 5_000 }: MonitorOptions,
): Monitor {
  const looks = new Map(
    checks.map((check) => [check, lazy(() => look(check), { freshFor: check.freshFor, now })]),
  );

  return {
    async examine(which = "everything") {
      const looked = checks.filter(({ vital }) => vital || which === "everything");
      const findings = await Promise.all(looked.map((check) => looks.get(check)?.()));
      const states = new Map<string, State>();
      const found = looked.map(({ name, needs }, index) => {
        const missed = needs !== undefined && isMissed(states.get(needs));
        const finding = missed ? cannotBeTold(needs) : (findings[index] as Finding);
        states.set(name, finding.state);
        return { name, action: "Nothing.", ...finding };
      });
      return Promise.all(
        found.map(async (one) => ({ ...one, since: await sightings.since(one.name, one.state) })),
      );
    },
  };

  async function look({ name, look }: Check): Promise<Finding> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Finding>((resolve) => {
      timer = setTimeout(resolve, limit, {
        state: "bad",
        detail: `This check did not come to an end in ${limit / 1000} s.`,
      });
    });
    const finding = (async () => look())().catch((error) => failed(name, error));
    return Promise.race([finding, late]).finally(() => clearTimeout(timer));
  }

  function failed(name: string, error: unknown): Finding {
    if (error instanceof AppError) return { state: "bad", detail: error.message };
    onDefect?.(name, error);
    return { state: "bad", detail: "This check itself failed, for a reason that is in the log." };
  }
}

/** For what hangs on another check. */
export function cannotBeTold(needs: string): Finding {
  return {
    state: "unknown",
    detail: `Cannot be told before the check ${needs} is well.`,
    action: `See ${needs}.`,
  };
}

const isMissed = (state: State | undefined) => state === "bad" || state === "unknown";

const BY_WEIGHT: readonly State[] = ["bad", "attention", "unknown", "ok"];

/** How it stands on the whole. */
export function worst(found: readonly { state: State }[]): State {
  return BY_WEIGHT.find((state) => found.some((one) => one.state === state)) ?? "ok";
}
