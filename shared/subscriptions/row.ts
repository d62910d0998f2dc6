import type { TableEntity } from "@azure/data-tables";
import { EVENT_TYPES } from "../schemas/webhook.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { withPrefix } from "../storage/keys.ts";
import type { Row } from "../storage/rows.ts";
import type { KeptSubscription, Subscription } from "./subscription.ts";

/** The path of a value in an object, such as `standing.gone.count`. */
type PathIn<Value> = {
  [Key in keyof Value & string]-?: NonNullable<Value[Key]> extends object
    ? `${Key}.${PathIn<NonNullable<Value[Key]>>}`
    : Key;
}[keyof Value & string];

/** The column of each value that is stored unchanged, by the value's path in the subscription. */
const COLUMNS: Record<PathIn<Omit<Subscription, "id" | "types" | "filter" | "attempts" | "sent">>, string> = {
  url: "url",
  format: "deliveryFormat",
  batch: "batch",
  perMinute: "perMinute",
  policy: "policy",
  secret: "secret",
  "previousSecret.secret": "previousSecret",
  "previousSecret.until": "previousSecretUntil",
  createdAt: "createdAt",
  log: "log",
  cursor: "cursor",
  moves: "moves",
  restartedAt: "restartedAt",
  replayThrough: "replayThrough",
  "standing.state": "state",
  "standing.failures": "failures",
  "standing.failingSince": "failingSince",
  "standing.gone.count": "goneCount",
  "standing.gone.since": "goneSince",
  "standing.refused.seq": "refusedSeq",
  "standing.refused.count": "refusedCount",
  "standing.parkedInARow": "parkedInARow",
  "standing.nextAttemptAt": "nextAttemptAt",
  "standing.lastAnswer.at": "answeredAt",
  "standing.lastAnswer.status": "answerStatus",
  "standing.lastAnswer.failure": "answerFailure",
  "lease.holder": "leaseHolder",
  "lease.until": "leaseUntil",
  missed: "missed",
  missedAt: "missedAt",
};

/** The columns whose values are encoded. */
export type SubscriptionColumns = {
  /** The type of a subscription that a version before 0.2.0 wrote. */
  type?: string;
  /** Types, separated by commas; empty for all. */
  types?: string;
  /** JSON. */
  filter?: string;
  /** JSON; absent for an empty list. */
  attempts?: string;
  /** JSON; absent for an empty list. */
  sent?: string;
} & Formatted;

/** The values of columns that rows of versions before 0.2.0 do not have. */
const DEFAULTS = { format: "payload", batch: 1, policy: "block", moves: 0, missed: 0 };

const SUBSCRIPTION_ROW = "subscription:";
export const rowKeyOf = (id: string) => `${SUBSCRIPTION_ROW}${id}`;
export const SUBSCRIPTION_ROWS = withPrefix(SUBSCRIPTION_ROW);

export function toRow(subscription: Subscription): Omit<TableEntity<SubscriptionColumns>, "partitionKey"> {
  const { id, types, filter, attempts, sent } = subscription;
  const values = Object.entries(COLUMNS).map(([path, column]) => [column, valueAt(subscription, path)]);
  return {
    rowKey: rowKeyOf(id),
    format: FORMAT,
    ...Object.fromEntries(values),
    types: types?.join(",") ?? "",
    filter: filter && JSON.stringify(filter),
    attempts: attempts.length > 0 ? JSON.stringify(attempts) : undefined,
    sent: sent.length > 0 ? JSON.stringify(sent) : undefined,
  };
}

/** @param date the `Date` header of the answer: the storage service's time in whole seconds */
export function fromRow(row: Row<SubscriptionColumns>, date = ""): KeptSubscription {
  const { rowKey = "", etag, timestamp = "" } = row;
  const {
    type,
    types = type,
    filter,
    attempts = "[]",
    sent = "[]",
  } = checkFormat(row, "list of subscriptions");
  const age = Math.max(0, Date.parse(date) + 500 - Date.parse(timestamp));
  const subscription = {
    ...DEFAULTS,
    etag,
    id: rowKey.slice(SUBSCRIPTION_ROW.length),
    types: types ? EVENT_TYPES.filter((one) => types.split(",").includes(one)) : undefined,
    filter: filter && JSON.parse(filter),
    attempts: JSON.parse(attempts),
    sent: JSON.parse(sent),
    ...(Number.isFinite(age) && { age }),
  };
  const columns = row as Record<string, unknown>;
  for (const [path, column] of Object.entries(COLUMNS)) {
    if (columns[column] !== undefined) setAt(subscription, path, columns[column]);
  }
  return subscription as typeof subscription & KeptSubscription;
}

type Tree = { [key: string]: unknown };

function valueAt(object: object, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Tree | undefined)?.[key], object);
}

function setAt(object: Tree, path: string, value: unknown): void {
  const [key = "", ...others] = path.split(".");
  if (others.length === 0) {
    object[key] = value;
    return;
  }
  object[key] ??= {};
  setAt(object[key] as Tree, others.join("."), value);
}
