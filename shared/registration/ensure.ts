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
  /** Absent with APIs whose webhooks have no switch. */
  areWebhooksOn?(): Promise<boolean>;
  turnWebhooksOn?(): Promise<void>;
};

export type Ensured = { standings: WebhookStanding[]; created: number; removed: number };

/**
 * The largest number of times that a run lists the webhooks. Two are enough unless another program registers webhooks
 * at the same time.
 */
const LOOKS = 6;
/** The key of the switch of all webhooks in the map of failures. */
const SWITCH = "switch";

/**
 * The flaws, worst first. When LiveChat has no room for a right webhook, the webhook with the worst flaw is removed.
 */
const WORST_FIRST: readonly Flaw[] = [
  "event type",
  "credentials",
  "double",
  "data types",
  "unverified",
  "previous credentials",
];

/**
 * The state of each wanted webhook. It takes one call, and another one with APIs where webhooks can be switched off.
 */
export async function inspect(webhooks: Webhooks, target: WebhookTarget): Promise<WebhookStanding[]> {
  const found = await webhooks.listWebhooks();
  return assessAll(found, target, { on: await isOn(webhooks) });
}

/** When LiveChat does not answer, webhooks count as on: they are on by default and seldom switched off. */
async function isOn(webhooks: Webhooks): Promise<boolean> {
  try {
    return (await webhooks.areWebhooksOn?.()) ?? true;
  } catch (error) {
    if (error instanceof UpstreamRefused || error instanceof NotFound) return true;
    throw error;
  }
}

/**
 * Registers each of our webhooks exactly once. It lists the webhooks, makes the needed changes, and lists again until
 * no change is needed. It keeps no state between runs, so it may be killed at any point and run twice at once.
 * LiveChat's list decides the result, by the same rule on every instance.
 *
 * Missing webhooks are created first. Our stale or duplicate webhooks are removed only after LiveChat lists a right
 * one, so no event is lost when credentials change. Until then LiveChat delivers an event twice, and the log stores
 * it once.
 *
 * @throws the error of the first necessary call that failed; the next run continues
 * @throws {UpstreamFailed} when LiveChat does not list a webhook as the app registered it
 */
export async function ensureRegistration(webhooks: Webhooks, target: WebhookTarget): Promise<Ensured> {
  /** The ids of the created webhooks by event; `undefined` when LiveChat returned no id. */
  const created = new Map<string, string | undefined>();
  const removed = new Set<string>();
  const failures = new Map<string, unknown>();
  /** Events for which one of our webhooks was removed first, to make room. */
  const roomMade = new Set<string>();
  let on = false;

  for (let look = 1; ; look++) {
    // LiveChat's list may be slightly out of date: nothing must be removed twice.
    const found = (await webhooks.listWebhooks()).filter(({ id }) => !removed.has(id));
    on ||= await isOn(webhooks);
    const standings = assessAll(found, target, { on });
    const steps = [...standings.flatMap(stepsFor), ...(on || failures.has(SWITCH) ? [] : [switchOn])];
    if (steps.length > 0 && look < LOOKS) for (const step of steps) await step();
    else return report(standings);
  }

  function stepsFor({ wanted, right, others }: WebhookStanding): (() => Promise<void>)[] {
    // Only once in a run: if the new webhook is not right either, a third one would not be.
    if ((!right || right.verified === false) && !created.has(wanted.event_type))
      return [() => create(wanted)];
    if (!right && isFull(wanted) && others.length > 0) return [() => makeRoom(wanted, others)];
    // If LiveChat lists a webhook differently from its registration, every run would create it again.
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

  /** The Text platform accepts at most three webhooks for an action. */
  function isFull({ event_type }: WantedWebhook): boolean {
    return failures.get(event_type) instanceof Conflict && !roomMade.has(event_type);
  }

  async function makeRoom({ event_type }: WantedWebhook, others: WebhookStanding["others"]): Promise<void> {
    roomMade.add(event_type);
    // Only webhooks of the same event count towards this limit.
    const [worst] = others
      .filter(({ webhook }) => webhook.event_type === event_type)
      .sort((a, b) => WORST_FIRST.indexOf(a.flaw) - WORST_FIRST.indexOf(b.flaw));
    if (!worst) return;
    await remove(worst.webhook.id);
    // There is room now, so the next round can create it.
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

  /** When one change fails, the other webhooks must still be repaired. */
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

/** Removes all webhooks of this app, right or not. Returns how many there were. */
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

/** Whether the webhook still existed: another instance may have been faster. */
async function removeWebhook(webhooks: Webhooks, id: string): Promise<boolean> {
  try {
    await webhooks.deleteWebhook(id);
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}
