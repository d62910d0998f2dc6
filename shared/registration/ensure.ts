import { Conflict, NotFound, UpstreamFailed, UpstreamRefused } from "../core/errors.ts";
import type { NewWebhook, Webhook } from "../livechat/live-chat.ts";
import type { Flaw } from "../schemas/registration.ts";
import { assessAll, type WebhookStanding } from "./assess.ts";
import { urlWith, type WantedWebhook, type WebhookTarget } from "./wanted.ts";

/** The calls of LiveChat that a registration needs. */
export type Webhooks = {
  listWebhooks(): Promise<Webhook[]>;
  createWebhook(webhook: NewWebhook): Promise<{ id: string }>;
  deleteWebhook(id: string): Promise<unknown>;
  /** Absent where webhooks that are registered always run. */
  areWebhooksOn?(): Promise<boolean>;
  turnWebhooksOn?(): Promise<void>;
};

export type Ensured = { standings: WebhookStanding[]; created: number; removed: number };

/** Looks that a run takes at most. Two are enough unless others register at the same time. */
const LOOKS = 6;
/** Stands for the switch of all webhooks among what can fail. */
const SWITCH = "switch";

/** How bad the flaws are: where there is no room for a right webhook, the first of these makes it. */
const WORST_FIRST: readonly Flaw[] = [
  "event type",
  "credentials",
  "double",
  "data types",
  "unverified",
  "previous credentials",
];

/** How each of the wanted webhooks stands. One call, and one more where webhooks can be switched off. */
export async function inspect(webhooks: Webhooks, target: WebhookTarget): Promise<WebhookStanding[]> {
  const found = await webhooks.listWebhooks();
  return assessAll(found, target, { on: await isOn(webhooks) });
}

/** Where LiveChat does not say, they are taken to be on: they are from the start, and hardly ever switched off. */
async function isOn(webhooks: Webhooks): Promise<boolean> {
  try {
    return (await webhooks.areWebhooksOn?.()) ?? true;
  } catch (error) {
    if (error instanceof UpstreamRefused || error instanceof NotFound) return true;
    throw error;
  }
}

/**
 * Makes LiveChat's webhooks lead to us, each exactly once: looks, does what is to be done, and looks again until
 * nothing is. It remembers nothing between runs, so it may be killed anywhere and run twice at once: LiveChat's list
 * decides the result, by the same rule on every instance.
 *
 * Missing webhooks are created first. Our stale or duplicate ones are removed only once LiveChat lists a right one, so
 * no event is lost when credentials change. In between it comes twice, and the log keeps it once.
 *
 * @throws what the first call failed with that could not be done without; the next run goes on from there
 * @throws {UpstreamFailed} when LiveChat does not list a webhook as it was registered
 */
export async function ensureRegistration(webhooks: Webhooks, target: WebhookTarget): Promise<Ensured> {
  /** Ids by event; `undefined` where LiveChat gave none. */
  const created = new Map<string, string | undefined>();
  const removed = new Set<string>();
  const failures = new Map<string, unknown>();
  /** Events for which one of our webhooks had to be removed first, to make room. */
  const roomMade = new Set<string>();
  let on = false;

  for (let look = 1; ; look++) {
    // A list that is a little behind must not have us remove anything twice.
    const found = (await webhooks.listWebhooks()).filter(({ id }) => !removed.has(id));
    on ||= await isOn(webhooks);
    const standings = assessAll(found, target, { on });
    const steps = [...standings.flatMap(stepsFor), ...(on || failures.has(SWITCH) ? [] : [switchOn])];
    if (steps.length > 0 && look < LOOKS) for (const step of steps) await step();
    else return report(standings);
  }

  function stepsFor({ wanted, right, others }: WebhookStanding): (() => Promise<void>)[] {
    // Once in a run: when the new one is no better than the old, a third would not be either.
    if ((!right || right.verified === false) && !created.has(wanted.event_type))
      return [() => create(wanted)];
    if (!right && isFull(wanted) && others.length > 0) return [() => makeRoom(wanted, others)];
    // What LiveChat lists otherwise than it was registered would be created again by every run.
    const isSuperfluous = (id: string) => right !== undefined || id === created.get(wanted.event_type);
    const ids = others.map(({ webhook }) => webhook.id);
    return ids.filter((id) => isSuperfluous(id) && !failures.has(id)).map((id) => () => remove(id));
  }

  async function create({ event_type, data_types, receiver, carriedIn }: WantedWebhook): Promise<void> {
    created.set(event_type, undefined);
    const [credentials] = target.credentials;
    const url = urlWith(credentials, receiver, carriedIn);
    await attempt(event_type, async () => {
      const webhook = { event_type, data_types, url, secret: credentials.password };
      created.set(event_type, (await webhooks.createWebhook(webhook)).id);
    });
  }

  /** The Text platform takes three webhooks of an action at most. */
  function isFull({ event_type }: WantedWebhook): boolean {
    return failures.get(event_type) instanceof Conflict && !roomMade.has(event_type);
  }

  async function makeRoom({ event_type }: WantedWebhook, others: WebhookStanding["others"]): Promise<void> {
    roomMade.add(event_type);
    // Only one of the same event takes its room.
    const [worst] = others
      .filter(({ webhook }) => webhook.event_type === event_type)
      .sort((a, b) => WORST_FIRST.indexOf(a.flaw) - WORST_FIRST.indexOf(b.flaw));
    if (!worst) return;
    await remove(worst.webhook.id);
    // Now it can be created.
    if (removed.has(worst.webhook.id)) created.delete(event_type);
  }

  function switchOn(): Promise<void> {
    return attempt(SWITCH, async () => webhooks.turnWebhooksOn?.());
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

  function report(standings: WebhookStanding[]): Ensured {
    for (const { state, wanted } of standings) {
      if (state === "ok" || state === "unverified") continue;
      for (const failure of failures.values()) throw failure;
      throw new UpstreamFailed(
        state === "off"
          ? "LiveChat does not switch the webhooks on."
          : state === "double"
            ? `Another program keeps registering ${wanted.event_type}.`
            : `LiveChat does not list ${wanted.event_type} as it was registered.`,
      );
    }
    const made = [...created.values()].filter((id) => id !== undefined);
    return { standings, created: made.length, removed: removed.size };
  }
}

/** Removes all webhooks of this app, right ones and others. Returns how many there were. */
export async function removeRegistration(
  webhooks: Webhooks,
  target: WebhookTarget,
): Promise<{ removed: number }> {
  const standings = await inspect(webhooks, target);
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
