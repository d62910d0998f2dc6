import { expect, test } from "vitest";
import { ERROR_TYPES } from "../../local/sandbox/text/refusal.ts";
import {
  ChatAnonymized,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../../shared/core/errors.ts";
import { Throttled } from "../../shared/livechat/after-429.ts";
import { type Refusal, refusalByStatus } from "../../shared/livechat/refusal.ts";
import { Misdirected, refusalByType } from "../../shared/livechat/text/refusal.ts";

const refusal = (more: Partial<Refusal>): Refusal => ({
  name: "LiveChat",
  status: 400,
  effect: "create",
  words: "The reason",
  ...more,
});

const kinds: Record<(typeof ERROR_TYPES)[number], unknown> = {
  validation: InvalidInput,
  authentication: UpstreamRefused,
  authorization: UpstreamRefused,
  missing_access: UpstreamRefused,
  not_found: NotFound,
  already_exists: Conflict,
  group_not_found: InvalidInput,
  agent_offline: Conflict,
  limit_reached: Conflict,
  chat_inactive: Conflict,
  chat_anonymized: ChatAnonymized,
  not_allowed: Conflict,
  license_expired: UpstreamRefused,
  license_not_found: UpstreamRefused,
  wrong_product_version: UpstreamRefused,
  unsupported_version: UpstreamRefused,
  misdirected_request: Misdirected,
  entity_too_large: InvalidInput,
  request_timeout: UpstreamTimeout,
  service_unavailable: UpstreamFailed,
  too_many_requests: Throttled,
  internal: UpstreamFailed,
};

test.each(ERROR_TYPES)("a refusal of type %s becomes its error", (type) => {
  const body = { error: { type, message: "The reason", data: { region: "fra" } } };
  const error = refusalByType(refusal({ body, retryAfter: 2_000 }));
  expect(error.constructor).toBe(kinds[type]);
});

const FAILURES = ["request_timeout", "service_unavailable", "internal"];

test.each(FAILURES)("a refusal of type %s leaves a creation in doubt", (type) => {
  expect(refusalByType(refusal({ body: { error: { type } } })).outcomeUnknown).toBe(true);
});

test.each(FAILURES)("a refusal of type %s leaves no doubt about a reading", (type) => {
  expect(refusalByType(refusal({ body: { error: { type } }, effect: "read" })).outcomeUnknown).toBe(false);
});

test("a refusal of type too_many_requests has the pause of Retry-After", () => {
  const body = { error: { type: "too_many_requests" } };
  expect(refusalByType(refusal({ body, retryAfter: 2_000 }))).toMatchObject({ pause: 2_000 });
});

test("a misdirected refusal without a region is UpstreamRefused", () => {
  const error = refusalByType(refusal({ body: { error: { type: "misdirected_request" } } }));
  expect(error.constructor).toBe(UpstreamRefused);
});

test.each([
  ["without a type", "Bad Gateway"],
  ["of an unknown type", { error: { type: "new" } }],
])("a refusal %s is read by its status", (_, body) => {
  const facts = refusal({ status: 502, body });
  expect(refusalByType(facts)).toEqual(refusalByStatus(facts));
});

test("a refusal by status has LiveChat's status, type and message as fields", () => {
  const body = { error: { type: "unsupported_version" } };
  expect(refusalByStatus(refusal({ status: 410, body }))).toMatchObject({
    message: "LiveChat does not have it: the id or login is unknown. It says: The reason",
    upstream: { status: 410, code: "unsupported_version", words: "The reason" },
  });
});

test("a 503 has the seconds of its Retry-After, rounded up", () => {
  expect(refusalByStatus(refusal({ status: 503, retryAfter: 1_500 }))).toMatchObject({ retryAfter: 2 });
});
