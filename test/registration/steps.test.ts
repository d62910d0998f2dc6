import { expect, test } from "vitest";
import { Conflict, UpstreamFailed } from "../../shared/core/errors.ts";
import { assessAll } from "../../shared/registration/assess.ts";
import { nextSteps, type TakenStep, type WebhookStep } from "../../shared/registration/steps.ts";
import { urlWith, type WebhookTarget, wantedWebhooks } from "../../shared/registration/wanted.ts";

const current = { username: "livechat", password: "now" };
const previous = { username: "livechat", password: "before" };
const target: WebhookTarget = {
  api: "text",
  baseUrl: "https://app.example",
  credentials: [current, previous],
  events: ["chat_started"],
};
const [wanted] = wantedWebhooks(target) as [ReturnType<typeof wantedWebhooks>[number]];

/** A webhook of `chat_started` at the app's receiver. */
const webhook = (id: string, password = "now", verified = true) => ({
  id,
  event_type: "chat_started" as const,
  url: urlWith({ ...current, password }, wanted.receiver, wanted.carriedIn),
  verified,
});

const create = { do: "create", wanted } as const;
const remove = (id: string) => ({ do: "remove", id }) as const;
const switchOn = { do: "switch on" } as const;

const right = webhook("right");
const stale = webhook("stale", "before");
const full = new Conflict("At most 3 webhooks.");
const down = new UpstreamFailed("LiveChat failed (503).");

type Known = {
  found: ReturnType<typeof webhook>[];
  taken?: TakenStep[];
  on?: boolean;
  expected: WebhookStep[];
};

test.each<[string, Known]>([
  ["a missing webhook is created", { found: [], expected: [create] }],
  ["a right webhook needs no step", { found: [right], expected: [] }],
  ["a stale webhook is kept while the right one is created", { found: [stale], expected: [create] }],
  ["a stale webhook is removed beside a right one", { found: [right, stale], expected: [remove("stale")] }],
  [
    "of two right webhooks the second is removed",
    { found: [right, webhook("second")], expected: [remove("second")] },
  ],
  ["an unverified webhook is replaced", { found: [webhook("a", "now", false)], expected: [create] }],
  [
    "an unverified webhook is kept when its replacement is unverified too",
    {
      found: [webhook("a", "now", false), webhook("b", "now", false)],
      taken: [{ ...create, createdId: "b" }],
      expected: [remove("b")],
    },
  ],
  [
    "a webhook that LiveChat lists differently than it was created is removed",
    {
      found: [stale, webhook("new", "***")],
      taken: [{ ...create, createdId: "new" }],
      expected: [remove("new")],
    },
  ],
  [
    "a failed creation is not repeated, and stale webhooks are kept",
    { found: [stale], taken: [{ ...create, error: down }], expected: [] },
  ],
  [
    "without room, the webhook with the worst flaw is removed before the creation is repeated",
    {
      found: [stale, webhook("worst", "unknown"), webhook("other", "before")],
      taken: [{ ...create, error: full }],
      expected: [remove("worst"), create],
    },
  ],
  [
    "without room after a removal, the creation is not repeated again",
    {
      found: [stale],
      taken: [{ ...create, error: full }, remove("worst"), { ...create, error: full }],
      expected: [],
    },
  ],
  [
    "without room, webhooks of others are kept",
    { found: [], taken: [{ ...create, error: full }], expected: [] },
  ],
  [
    "a failed removal is not repeated",
    { found: [right, stale], taken: [{ ...remove("stale"), error: down }], expected: [] },
  ],
  ["webhooks that are switched off are switched on", { found: [right], on: false, expected: [switchOn] }],
  [
    "a switch that failed is not repeated",
    { found: [right], on: false, taken: [{ ...switchOn, error: down }], expected: [] },
  ],
])("%s", (_, { found, taken = [], on = true, expected }) => {
  const standings = assessAll(
    found.map((one) => ({ ...one, licence: "1520" })),
    target,
    on,
  );
  expect(nextSteps(standings, on, taken)).toEqual(expected);
});
