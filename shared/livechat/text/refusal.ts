import * as v from "valibot";
import {
  type AppError,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../../core/errors.ts";
import { inDoubt, type Needs, type Refused, Throttled } from "../failure.ts";
import { notNow, refusalByStatus, unknownTo } from "../refusal.ts";
import { retryAfterOf } from "../retry.ts";
import { ChatAnonymized } from "./chat-anonymized.ts";

/** The account is in another region than the call was sent to. */
export class Misdirected extends UpstreamRefused {
  readonly region: string;

  constructor(region: string) {
    super(`LiveChat does not take calls for this account here, and points to the region ${region}.`);
    this.region = region;
  }
}

/** A region is sent as a header from then on: a text that no header can be would stop every later call. */
const RegionName = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/));

const RefusalBody = v.object({
  error: v.object({
    type: v.string(),
    data: v.fallback(v.optional(v.looseObject({ region: v.optional(RegionName) })), undefined),
  }),
});

/**
 * The Text platform says no by `error.type`. LiveChat does not document the HTTP status of each type, so the status
 * counts only without a type: such answers come from servers in between.
 */
export function refusalByType(refused: Refused): AppError {
  const read = v.safeParse(RefusalBody, refused.body);
  if (!read.success) return refusalByStatus(refused);
  const { name, status, headers, effect, words } = refused;
  const { type, data } = read.output.error;
  const upstream = { status, code: type, words };
  switch (type) {
    case "misdirected_request":
      return data?.region
        ? new Misdirected(data.region)
        : new UpstreamRefused("LiveChat does not take calls for this account here.", { upstream });
    case "authentication":
      return new UpstreamRefused(
        "LiveChat refuses the credentials of this app. Check LIVECHAT_ACCOUNT_ID and LIVECHAT_API_KEY.",
        { upstream },
      );
    case "authorization":
    case "missing_access":
      return new UpstreamRefused(whatIsMissing(refused.needs), { upstream });
    case "license_expired":
    case "license_not_found":
    case "wrong_product_version":
      return new UpstreamRefused("LiveChat refuses the account's license.", { upstream });
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
      return new Throttled(name, retryAfterOf(headers));
    case "service_unavailable":
    case "internal":
      return inDoubt(UpstreamFailed, `LiveChat failed (${type}).`, effect, { upstream });
    default:
      return refusalByStatus(refused);
  }
}

/** LiveChat does not say which scope is missing; those that the action needs are documented. */
function whatIsMissing(needs: Needs | undefined): string {
  return needs
    ? `LiveChat does not let this app's token call ${needs.action}: it needs the scope ${needs.scopes.join(" and ")}.`
    : "LiveChat does not let this app's token do this.";
}
