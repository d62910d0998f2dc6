import { NotFound, UpstreamFailed, UpstreamRefused } from "../core/errors.ts";
import type { NewWebhook, Webhook } from "../livechat/live-chat.ts";
import { assessAll, type WebhookStanding } from "./assess.ts";
import { nextSteps, type TakenStep, type WebhookStep } from "./steps.ts";
import { urlWith, type WebhookTarget } from "./wanted.ts";

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
const MOST_LISTINGS = 6;

/**
 * The state of each wanted webhook. It takes one call, and another one with APIs where webhooks can be switched off.
 */
export async function inspect(webhooks: Webhooks, target: WebhookTarget): Promise<WebhookStanding[]> {
  const found = await webhooks.listWebhooks();
  return assessAll(found, target, await isOn(webhooks));
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
 * Registers each of our webhooks exactly once. It lists the webhooks, takes the next steps, and lists again until no
 * step is left. It keeps no state between runs, so it may be killed at any point and run twice at once. LiveChat's
 * list decides the result, by the same rule on every instance.
 *
 * @throws the error of the first webhook that failed, if a webhook is still wrong at the end; the next run continues
 * @throws {UpstreamFailed} when LiveChat does not list a webhook as the app registered it
 */
export async function ensureRegistration(webhooks: Webhooks, target: WebhookTarget): Promise<Ensured> {
  const taken: TakenStep[] = [];
  let on = false;
  for (let listing = 1; ; listing++) {
    // LiveChat's list may be slightly out of date: nothing must be removed twice.
    const removed = removedIn(taken);
    const found = (await webhooks.listWebhooks()).filter(({ id }) => !removed.includes(id));
    on ||= await isOn(webhooks);
    const standings = assessAll(found, target, on);
    const steps = nextSteps(standings, on, taken);
    if (steps.length === 0 || listing === MOST_LISTINGS) return report(standings, taken);
    for (const step of steps) taken.push({ ...step, ...(await take(step, webhooks, target)) });
  }
}

/** Takes a step. A failure becomes part of the result, because the other webhooks must still be repaired. */
async function take(
  step: WebhookStep,
  webhooks: Webhooks,
  { credentials: [credentials] }: WebhookTarget,
): Promise<Pick<TakenStep, "error" | "createdId">> {
  try {
    if (step.do === "create") {
      const { event_type, data_types, receiver, carriedIn } = step.wanted;
      const url = urlWith(credentials, receiver, carriedIn);
      const webhook = { event_type, data_types, url, secret: credentials.password };
      return { createdId: (await webhooks.createWebhook(webhook)).id };
    }
    if (step.do === "remove") await removeWebhook(webhooks, step.id);
    else await webhooks.turnWebhooksOn?.();
    return {};
  } catch (error) {
    return { error };
  }
}

const removedIn = (taken: readonly TakenStep[]): string[] =>
  taken.flatMap((step) => (step.do === "remove" && step.error === undefined ? [step.id] : []));

/** The errors of the webhooks, and of the switch, whose last attempt failed. The first to fail comes first. */
function errorsOf(taken: readonly TakenStep[]): Iterable<unknown> {
  const errors = new Map<string, unknown>();
  for (const step of taken) {
    const subject = step.do === "create" ? step.wanted.event_type : step.do === "remove" ? step.id : step.do;
    if (step.error !== undefined) errors.set(subject, step.error);
    else errors.delete(subject);
  }
  return errors.values();
}

/** @throws the reason why a webhook is still wrong */
function report(standings: WebhookStanding[], taken: readonly TakenStep[]): Ensured {
  for (const { state, wanted } of standings) {
    if (state === "ok" || state === "unverified") continue;
    for (const error of errorsOf(taken)) throw error;
    throw new UpstreamFailed(
      state === "off"
        ? "LiveChat does not switch the webhooks on."
        : state === "double"
          ? `Another program keeps registering ${wanted.event_type}.`
          : `LiveChat does not list ${wanted.event_type} as it was registered.`,
    );
  }
  const created = taken.filter(({ createdId }) => createdId !== undefined).length;
  return { standings, created, removed: removedIn(taken).length };
}

/** Removes all webhooks of this app, right or not. Returns how many there were. */
export async function removeRegistration(webhooks: Webhooks, target: WebhookTarget): Promise<number> {
  const standings = await inspect(webhooks, target);
  const ours = standings.flatMap(({ right, others }) =>
    [right ?? [], others.map(({ webhook }) => webhook)].flat(),
  );
  let removed = 0;
  for (const { id } of ours) if (await removeWebhook(webhooks, id)) removed++;
  return removed;
}

/** Returns `false` if the webhook no longer existed: another instance may have been faster. */
async function removeWebhook(webhooks: Webhooks, id: string): Promise<boolean> {
  try {
    await webhooks.deleteWebhook(id);
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}
