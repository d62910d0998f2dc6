import { AppError } from "../errors.ts";

/** `attention` is for a person to look at; only `bad` makes the app unhealthy. */
export type State = "ok" | "attention" | "bad";
export type Finding = { state: State; detail: string };
export type Check = { name: string; look: () => Promise<Finding> };

/** Milliseconds after which a check that has not answered is bad. */
const LIMIT = 5_000;

/**
 * Looks at everything at once. A check that throws, or does not answer in {@link LIMIT}, is bad, in its error's own
 * words if they are meant for others.
 */
export async function runChecks(
  checks: readonly Check[],
  limit = LIMIT,
): Promise<({ name: string } & Finding)[]> {
  return Promise.all(
    checks.map(async ({ name, look }) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<Finding>((resolve) => {
        timer = setTimeout(
          () => resolve({ state: "bad", detail: `did not answer in ${limit / 1000} s` }),
          limit,
        );
      });
      const finding = await Promise.race([look().catch(toFinding), late]);
      clearTimeout(timer);
      return { name, ...finding };
    }),
  );
}

function toFinding(error: unknown): Finding {
  return {
    state: "bad",
    detail: error instanceof AppError ? error.message : "failed for a reason that is in the log",
  };
}

/**
 * Remembers what a check found: for whoever asks within `milliseconds`, and for whoever asks while it looks. Anybody may
 * ask for the health of the app, and must not be able to spend its calls to LiveChat that way.
 */
export function remember(
  look: () => Promise<Finding>,
  milliseconds: number,
  now = Date.now,
): () => Promise<Finding> {
  let found: { at: number; finding: Promise<Finding> } | undefined;
  return () => {
    if (!found || now() - found.at >= milliseconds) found = { at: now(), finding: look() };
    return found.finding;
  };
}
