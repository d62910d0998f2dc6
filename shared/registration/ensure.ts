import { NotFound, UpstreamFailed } from "../core/errors.ts";
import { assess, type Registered, type Standing } from "./assess.ts";
import { type Destination, urlWith, type Wanted, wantedWebhooks } from "./wanted.ts";

/** The calls of LiveChat that it takes. */
export type Webhooks = {
  listWebhooks(): Promise<Registered[]>;
  createWebhook(webhook: { event_type: string; data_types: string[]; url: string }): Promise<{ id: string }>;
  deleteWebhook(id: string): Promise<unknown>;
};

export type Ensured = { standings: Standing[]; created: number; removed: number };

/** Looks that a run takes at most. Two are enough unless others register at the same time. */
const LOOKS = 6;

/** How each of the wanted webhooks stands. One call. */
export async function inspect(
  webhooks: Pick<Webhooks, "listWebhooks">,
  destination: Destination,
): Promise<Standing[]> {
  const found = await webhooks.listWebhooks();
  return wantedWebhooks(destination.baseUrl).map((wanted) => assess(wanted, found, destination));
}

/**
 * Makes LiveChat's webhooks lead to us, each exactly once: looks, does what is to be done, and looks again until nothing
 * is. It remembers nothing between runs, so it may be killed anywhere and run twice at once: what comes out is decided
 * by what LiveChat lists, and by the same rule everywhere.
 *
 * What is missing is created first, and ours that are stale or double are removed only once LiveChat lists a right one
 * beside them, so no event is lost when credentials change. In between it comes twice, and the log keeps it once.
 *
 * @throws what the first call failed with that could not be done without; the next run goes on from there
 * @throws {UpstreamFailed} when LiveChat does not list a webhook as it was registered
 */
export async function ensureRegistration(webhooks: Webhooks, destination: Destination): Promise<Ensured> {
  /** Ids by event; `undefined` where LiveChat gave none. */
  const created = new Map<string, string | undefined>();
  const removed = new Set<string>();
  const failures = new Map<string, unknown>();
  // A list that is a little behind must not have us remove anything twice.
  const listWebhooks = async () => (await webhooks.listWebhooks()).filter(({ id }) => !removed.has(id));

  for (let look = 1; ; look++) {
    const standings = await inspect({ listWebhooks }, destination);
    const steps = standings.flatMap(stepsFor);
    if (steps.length > 0 && look < LOOKS) for (const step of steps) await step();
    else return report(standings);
  }

  function stepsFor({ wanted, right, others }: Standing): (() => Promise<void>)[] {
    // Once in a run: when the new one is no better than the old, a third would not be either.
    if ((!right || right.verified === false) && !created.has(wanted.event_type))
      return [() => create(wanted)];
    // What LiveChat lists otherwise than it was registered would be created again by every run.
    const superfluous = others.filter(
      ({ webhook: { id } }) => right || id === created.get(wanted.event_type),
    );
    return superfluous
      .filter(({ webhook: { id } }) => !failures.has(id))
      .map(
        ({ webhook: { id } }) =>
          () =>
            remove(id),
      );
  }

  async function create({ event_type, data_types, receiver }: Wanted): Promise<void> {
    created.set(event_type, undefined);
    const url = urlWith(destination.credentials[0], receiver);
    await attempt(event_type, async () => {
      created.set(event_type, (await webhooks.createWebhook({ event_type, data_types, url })).id);
    });
  }

  async function remove(id: string): Promise<void> {
    await attempt(id, async () => {
      await removeWebhook(webhooks, id);
      removed.add(id);
    });
  }

  /** One failure must not keep the other webhooks from being mended. */
  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      failures.set(what, error);
    }
  }

  function report(standings: Standing[]): Ensured {
    for (const { state, wanted } of standings) {
      if (state === "ok" || state === "unverified") continue;
      for (const failure of failures.values()) throw failure;
      throw new UpstreamFailed(
        state === "double"
          ? `Somebody else registers ${wanted.event_type} over and over.`
          : `LiveChat does not list ${wanted.event_type} as it was registered.`,
      );
    }
    const made = [...created.values()].filter((id) => id !== undefined);
    return { standings, created: made.length, removed: removed.size };
  }
}

/** Takes all of ours away, right ones and others. How many there were. */
export async function removeRegistration(
  webhooks: Webhooks,
  destination: Destination,
): Promise<{ removed: number }> {
  const standings = await inspect(webhooks, destination);
  const ours = standings.flatMap(({ right, others }) => [
    ...(right ? [right] : []),
    ...others.map(({ webhook }) => webhook),
  ]);
  const removals = [];
  for (const { id } of ours) removals.push(await removeWebhook(webhooks, id));
  return { removed: removals.filter(Boolean).length };
}

/** Whether it was there: another instance may have been faster. */
async function removeWebhook(webhooks: Webhooks, id: string): Promise<boolean> {
  try {
    await webhooks.deleteWebhook(id);
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}
