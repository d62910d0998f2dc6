import { type Answer, json } from "../http.ts";
import { describeIssue, readerOf } from "../refusal.ts";

/** LiveChat's documented types of errors, with a status for each. LiveChat does not document the statuses. */
const STATUSES = {
  validation: 400,
  authentication: 401,
  authorization: 403,
  missing_access: 403,
  not_found: 404,
  already_exists: 409,
  group_not_found: 404,
  agent_offline: 409,
  limit_reached: 403,
  chat_inactive: 409,
  chat_anonymized: 410,
  not_allowed: 405,
  license_expired: 402,
  license_not_found: 404,
  wrong_product_version: 400,
  unsupported_version: 410,
  misdirected_request: 400,
  entity_too_large: 413,
  request_timeout: 408,
  service_unavailable: 503,
  too_many_requests: 429,
  internal: 500,
} as const;

type ErrorType = keyof typeof STATUSES;
export const ERROR_TYPES = Object.keys(STATUSES) as ErrorType[];

/** The refusal of a call by the Text platform. */
export class TextRefusal extends Error {
  readonly type: ErrorType;
  readonly data?: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(
    type: ErrorType,
    message: string,
    { data, headers = {} }: { data?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "TextRefusal";
    this.type = type;
    this.data = data;
    this.headers = headers;
  }
}

/** @param statuses with `one`, all refusals have the same status, and only the type tells them apart */
export function refusedAs({ type, message, data, headers }: TextRefusal, statuses: "own" | "one"): Answer {
  const answer = json(statuses === "own" ? STATUSES[type] : 422, {
    error: { type, message, ...(data && { data }) },
  });
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** Reads the parameters of an action. Wrong parameters are a `validation` error with all problems. */
export const readAs = readerOf(
  (issues) => new TextRefusal("validation", issues.map(describeIssue).join("; ")),
);
