import * as v from "valibot";
import {
  type AppError,
  ChatAnonymized,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../../core/errors.ts";
import { Throttled } from "../after-429.ts";
import type { Needs } from "../call.ts";
import { inDoubt } from "../failure.ts";
import { notNow, type Refusal, refusalByStatus, unknownTo } from "../refusal.ts";

/** The call was sent to another region than the account's. */
export class Misdirected extends UpstreamRefused {
  readonly region: string;

  constructor(region: string) {
    super(`LiveChat serves this account in another region: ${region}.`);
    this.region = region;
  }
}

/** A region is sent in a header of every later call, so it must be a valid value of a header. */
const RegionName = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/));

const RefusalBody = v.object({
  error: v.object({
    type: v.string(),
    data: v.fallback(v.optional(v.looseObject({ region: v.optional(RegionName) })), undefined),
  }),
});

/**
 * Reads a refusal of the Text platform by its `error.type`. LiveChat does not document the HTTP status of each type, so
 * the status counts only without a type: such answers come from proxies.
 */
export function refusalByType(refusal: Refusal): AppError {
  const read = v.safeParse(RefusalBody, refusal.body);
  if (!read.success) return refusalByStatus(refusal);
  const { name, status, effect, words, retryAfter, needs } = refusal;
  const { type, data } = read.output.error;
  const upstream = { status, code: type, words };
  switch (type) {
    case "misdirected_request":
      return data?.region
        ? new Misdirected(data.region)
        : new UpstreamRefused("LiveChat serves this account in another region.", { upstream });
    case "authentication":
      return new UpstreamRefused(
        "LiveChat refuses the credentials of this app. Check LIVECHAT_ACCOUNT_ID and LIVECHAT_API_KEY.",
        { upstream },
      );
    case "authorization":
    case "missing_access":
      return new UpstreamRefused(missingScope(needs), { upstream });
    case "license_expired":
    case "license_not_found":
    case "wrong_product_version":
      return new UpstreamRefused("LiveChat refuses the account's licence.", { upstream });
    case "unsupported_version":
      return new UpstreamRefused("LiveChat does not support this version of its API any more.", { upstream });
    case "validation":
    case "group_not_found":
    case "entity_too_large":
      return new InvalidInput("LiveChat refuses the request.", { upstream });
    case "not_found":
      return new NotFound(unknownTo(name), { upstream });
    case "chat_anonymized":
      return new ChatAnonymized("LiveChat has anonymized the chat.", { upstream });
    case "already_exists":
    case "agent_offline":
    case "limit_reached":
    case "chat_inactive":
    case "not_allowed":
      return new Conflict(notNow(name), { upstream });
    case "request_timeout":
      return inDoubt(UpstreamTimeout, "LiveChat gave up waiting.", effect, { upstream });
    case "too_many_requests":
      return new Throttled(name, retryAfter);
    case "service_unavailable":
    case "internal":
      return inDoubt(UpstreamFailed, `LiveChat failed (${type}).`, effect, { upstream });
    default:
      return refusalByStatus(refusal);
  }
}

/** Names the scopes that LiveChat documents for the action. Its answer does not name the missing one. */
function missingScope(needs: Needs | undefined): string {
  return needs
    ? `LiveChat does not let this app's token call ${needs.action}: it needs the scope ${needs.scopes.join(" and ")}.`
    : "LiveChat does not let this app's token do this.";
}
