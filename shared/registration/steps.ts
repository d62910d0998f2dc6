import { Conflict } from "../core/errors.ts";
import type { Flaw } from "../schemas/registration.ts";
import type { WebhookStanding } from "./assess.ts";
import type { WantedWebhook } from "./wanted.ts";

/** A change of the registration. */
export type WebhookStep =
  | { do: "create"; wanted: WantedWebhook }
  | { do: "remove"; id: string }
  | { do: "switch on" };

/** A step with its result. `createdId` is missing when LiveChat returned no id. */
export type TakenStep = WebhookStep & { error?: unknown; createdId?: string };

/** The flaws, worst first. */
const FLAWS_WORST_FIRST: readonly Flaw[] = [
  "event type",
  "credentials",
  "double",
  "data types",
  "unverified",
  "previous credentials",
];

/**
 * Decides the next changes. Returns an empty list when this run can improve nothing more.
 *
 * Missing webhooks are created first. Our stale or duplicate webhooks are removed only after LiveChat lists a right
 * one, so no event is lost when credentials change. Until then LiveChat delivers an event twice, and the log stores
 * it once.
 *
 * @param standings the state of each wanted webhook, as LiveChat lists it now
 * @param on whether LiveChat sends to the app's webhooks at all
 * @param taken the earlier steps of this run
 */
export function nextSteps(
  standings: readonly WebhookStanding[],
  on: boolean,
  taken: readonly TakenStep[],
): WebhookStep[] {
  const isSwitchFailed = taken.some((step) => step.do === "switch on" && step.error !== undefined);
  return [
    ...standings.flatMap((standing) => stepsFor(standing, taken)),
    ...(on || isSwitchFailed ? [] : [{ do: "switch on" } as const]),
  ];
}

function stepsFor({ wanted, right, others }: WebhookStanding, taken: readonly TakenStep[]): WebhookStep[] {
  const { event_type } = wanted;
  const creations = taken.filter((step) => step.do === "create" && step.wanted.event_type === event_type);
  const creation = creations.at(-1);
  // Only one new webhook in a run: if it is not right, another one would not be right either.
  if (!creation && (!right || right.verified === false)) return [{ do: "create", wanted }];

  // The Text platform accepts at most three webhooks for an action, so one must be removed first.
  const isFull = !right && creations.length === 1 && creation?.error instanceof Conflict;
  const worst = isFull ? worstOf(wanted, others) : undefined;
  if (worst !== undefined) {
    return [
      { do: "remove", id: worst },
      { do: "create", wanted },
    ];
  }

  const failed = taken.flatMap((step) => (step.do === "remove" && step.error !== undefined ? [step.id] : []));
  return (
    others
      .map(({ webhook }) => webhook.id)
      .filter((id) => !failed.includes(id))
      // Without a right webhook, only this run's own webhook is removed. Otherwise every run would leave one more.
      .filter((id) => right !== undefined || id === creation?.createdId)
      .map((id) => ({ do: "remove", id }))
  );
}

/** The id of the webhook with the worst flaw. Only webhooks of the same event count towards LiveChat's limit. */
function worstOf({ event_type }: WantedWebhook, others: WebhookStanding["others"]): string | undefined {
  const [worst] = others
    .filter(({ webhook }) => webhook.event_type === event_type)
    .sort((a, b) => FLAWS_WORST_FIRST.indexOf(a.flaw) - FLAWS_WORST_FIRST.indexOf(b.flaw));
  return worst?.webhook.id;
}
