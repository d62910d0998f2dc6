import { randomBytes, randomUUID } from "node:crypto";
import type { TableClient, TableEntity, TransactionAction } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
import { EVENT_TYPES, type EventType } from "../schemas/webhook.ts";
import { OutcomeUnknown } from "../storage/failures.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { after, hashed, ordered } from "../storage/keys.ts";
import { type Row, readRow, readRows, removeRow, replaceRow } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { FRESH, isFresh, type Standing } from "./standing.ts";
import type { KeptSubscription, LogPlace, Parked, Subscription, Terms } from "./subscription.ts";

export type WantedSubscription = Terms & Pick<LogPlace, "log" | "cursor">;

/** Changes of what is parked, in one transaction with the subscription: an event to park, and places to forget. */
export type Along = { park?: Parked; unpark?: readonly number[] };

export type Subscriptions = {
  /**
   * Begins a subscription behind the event at `cursor`. The same types and URL are the same subscription, however often it
   * is asked for: its other terms become those that are asked for now, and it goes on at once from where it stood if it
   * was waiting or given up.
   */
  subscribe(wanted: WantedSubscription): Promise<KeptSubscription>;
  list(): Promise<KeptSubscription[]>;
  get(id: string): Promise<KeptSubscription | undefined>;
  /**
   * Writes what was changed, and with it what is parked; `undefined` and nothing done when the subscription was changed
   * or removed since it was read.
   */
  replace(changed: KeptSubscription, along?: Along): Promise<KeptSubscription | undefined>;
  /** Changes a subscription, also under concurrent changes; `undefined` when it does not exist. */
  change(id: string, change: (now: Subscription) => Subscription): Promise<KeptSubscription | undefined>;
  /** Removes a subscription with all that belongs to it, if it is there. */
  remove(id: string): Promise<void>;
  /** The events that were set aside for a subscription, in the order of the log; all subscriptions' without an id. */
  parked(id?: string): Promise<(Parked & { subscription: string })[]>;
  /** Forgets that an event was set aside; `false` when it was not. */
  unpark(id: string, seq: number): Promise<boolean>;
};

export type SubscriptionsOptions = {
  table: TableClient;
  partitionKey?: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
};

type Columns = {
  /** The one type that a subscription of versions before 0.2.0 is for. */
  type?: EventType;
  /** Types with commas between; empty for all. */
  types?: string;
  /** As JSON. */
  filter?: string;
  url: string;
  deliveryFormat?: Terms["format"];
  batch?: number;
  perMinute?: number;
  policy?: Terms["policy"];
  secret: string;
  previousSecret?: string;
  previousSecretUntil?: string;
  createdAt: string;
  log?: string;
  cursor: number;
  moves?: number;
  restartedAt?: string;
  replayThrough?: number;
  state: Standing["state"];
  failures: number;
  failingSince?: string;
  goneCount?: number;
  goneSince?: string;
  refusedSeq?: number;
  refusedCount?: number;
  parkedInARow?: number;
  nextAttemptAt?: string;
  answeredAt?: string;
  answerStatus?: number;
  answerFailure?: string;
  leaseHolder?: string;
  leaseUntil?: string;
  /** As JSON. */
  attempts?: string;
  /** As JSON. */
  sent?: string;
  missed?: number;
  missedAt?: string;
  /** Tells this writing of the row from any other. */
  version: string;
} & Formatted;
type ParkedColumns = { eventId: string; since: string; attempts: number } & Formatted;
const NAME = "list of subscriptions";

const SUBSCRIPTION = "subscription:";
const PARKED = "parked:";
/** What `randomBytes` gives below. Others come from outside, and not all of them could be keys. */
const ID = /^[\w-]{32}$/;
const key = (id: string) => `${SUBSCRIPTION}${id}`;
const parkedKey = (id: string, seq: number) => `${PARKED}${id}:${ordered(seq)}`;
/** The row that makes types and a URL one subscription. */
const targetKey = ({ types, url }: Pick<Subscription, "types" | "url">) =>
  `target:${hashed([types === undefined ? "" : [...types].sort().join(","), url])}`;

/** How often a change that others got in before is tried again. */
const ATTEMPTS = 20;

/**
 * Opens the subscriptions that a table holds. All are in one partition, so that a subscription and what makes it unique
 * are written together, and so are its place and an event that is set aside.
 */
export function openSubscriptions({
  table,
  partitionKey = "subscriptions",
  now = Date.now,
}: SubscriptionsOptions): Subscriptions {
  const read = async (id: string) => {
    if (!ID.test(id)) return undefined;
    let date: string | undefined;
    const row = await readRow<Columns>(table, partitionKey, key(id), {
      onResponse: ({ headers }) => {
        date = headers.get("date");
      },
    });
    return row && fromRow(row, date);
  };

  async function create({ cursor, log, ...terms }: WantedSubscription) {
    const subscription: Subscription = {
      ...terms,
      id: randomBytes(24).toString("base64url"),
      secret: newSecret(),
      createdAt: new Date(now()).toISOString(),
      ...{ log, cursor, moves: 0, standing: FRESH, attempts: [], sent: [], missed: 0 },
    };
    const target = { partitionKey, rowKey: targetKey(terms), id: subscription.id };
    try {
      await submit(table, [
        ["create", toRow(subscription, partitionKey)],
        ["create", target],
      ]);
    } catch (error) {
      // Whether it was created shows when it is read back.
      if (!(error instanceof OutcomeUnknown)) throw error;
    }
  }

  async function change(
    id: string,
    to: (now: Subscription) => Subscription,
  ): Promise<KeptSubscription | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await read(id);
      if (!found) return undefined;
      const changed = await replace({ ...to(found), etag: found.etag });
      if (changed) return changed;
    }
    throw new StorageUnavailable("Too many calls change the subscription at once.", { retryAfter: 1 });
  }

  async function replace(
    { etag, age: _, ...changed }: KeptSubscription,
    along?: Along,
  ): Promise<KeptSubscription | undefined> {
    const row = toRow(changed, partitionKey);
    try {
      const written = along ? await replaceAlong(row, etag, along) : await replaceRow(table, row, { etag });
      return written === undefined ? undefined : { ...changed, etag: written };
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      const found = await readRow<Columns>(table, partitionKey, row.rowKey);
      return found?.version === row.version ? fromRow(found) : undefined;
    }
  }

  async function replaceAlong(
    row: TableEntity<Columns>,
    etag: string,
    { park, unpark = [] }: Along,
  ): Promise<string | undefined> {
    const id = row.rowKey.slice(SUBSCRIPTION.length);
    const actions: TransactionAction[] = [["update", row, "Replace", { etag }]];
    if (park) {
      const { seq, eventId, since, attempts } = park;
      const rowKey = parkedKey(id, seq);
      const parked = { partitionKey, rowKey, format: FORMAT, eventId, since, attempts };
      actions.push(["upsert", parked, "Replace"]);
    }
    for (const seq of unpark) actions.push(["delete", { partitionKey, rowKey: parkedKey(id, seq) }]);
    const outcome = await submit(table, actions);
    return outcome.committed ? outcome.etags[0] : undefined;
  }

  async function parked(id = "") {
    const prefix = id === "" ? PARKED : `${PARKED}${id}:`;
    const all: (Parked & { subscription: string })[] = [];
    const range = { from: prefix, before: after(prefix) };
    for await (const row of readRows<ParkedColumns>(table, partitionKey, range)) {
      const { rowKey = "", eventId, since, attempts } = checkFormat(row, NAME);
      const [subscription = "", seq] = rowKey.slice(PARKED.length).split(":");
      all.push({ subscription, eventId, seq: Number(seq), since, attempts });
    }
    return all;
  }

  return {
    async subscribe(wanted) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const target = await readRow<{ id: string }>(table, partitionKey, targetKey(wanted));
        const found = target && (await read(target.id));
        if (found && isFresh(found.standing) && hasTerms(found, wanted)) return found;
        const changed = found && (await change(found.id, (now) => ({ ...resume(now), ...termsOf(wanted) })));
        if (changed) return changed;
        // Without its subscription a target was read just before both were removed.
        if (!target) await create(wanted);
      }
      throw new StorageUnavailable("The subscription could not be stored.", { retryAfter: 1 });
    },
    async list() {
      const all: KeptSubscription[] = [];
      let date: string | undefined;
      const range = { from: SUBSCRIPTION, before: after(SUBSCRIPTION) };
      const onResponse = ({ headers }: { headers: { get(name: string): string | undefined } }) => {
        date = headers.get("date");
      };
      for await (const row of readRows<Columns>(table, partitionKey, { ...range, onResponse })) {
        all.push(fromRow(row, date));
      }
      return all;
    },
    get: read,
    replace,
    change,
    async remove(id) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const found = await read(id);
        if (!found) return;
        for (const { seq } of await parked(id)) await removeRow(table, partitionKey, parkedKey(id, seq));
        const actions: TransactionAction[] = [
          ["delete", { partitionKey, rowKey: key(id) }],
          ["delete", { partitionKey, rowKey: targetKey(found) }],
        ];
        try {
          if ((await submit(table, actions)).committed) return;
        } catch (error) {
          if (!(error instanceof OutcomeUnknown)) throw error;
        }
      }
      throw new StorageUnavailable("The subscription could not be removed.", { retryAfter: 1 });
    },
    parked,
    unpark: (id, seq) => removeRow(table, partitionKey, parkedKey(id, seq)),
  };
}

export const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;

/** Lets a subscription go on at once, from where it stands, as if nothing had gone wrong. */
export function resume<Kind extends Subscription>(subscription: Kind): Kind {
  return { ...subscription, standing: { ...FRESH, lastAnswer: subscription.standing.lastAnswer } };
}

/** Sends a subscription to another place of a log. */
export function moveTo<Kind extends Subscription>(subscription: Kind, cursor: number, log?: string): Kind {
  return { ...resume(subscription), log, cursor, moves: subscription.moves + 1 };
}

function termsOf({ url, types, filter, format, batch, perMinute, policy }: Terms): Terms {
  return { url, types, filter, format, batch, perMinute, policy };
}

function hasTerms(subscription: Terms, terms: Terms): boolean {
  const { types: _, ...rest } = termsOf(subscription);
  const { types: __, ...wanted } = termsOf(terms);
  return JSON.stringify(rest) === JSON.stringify(wanted);
}

function toRow(subscription: Subscription, partitionKey: string): TableEntity<Columns> {
  const { id, url, types, filter, format, batch, perMinute, policy, secret, previousSecret } = subscription;
  const { createdAt, log, cursor, moves, restartedAt, replayThrough, standing, lease } = subscription;
  const { attempts, sent, missed, missedAt } = subscription;
  const { state, failures, failingSince, gone, refused, parkedInARow, nextAttemptAt, lastAnswer } = standing;
  return {
    partitionKey,
    rowKey: key(id),
    format: FORMAT,
    types: types?.join(",") ?? "",
    filter: filter && JSON.stringify(filter),
    url,
    deliveryFormat: format,
    batch,
    perMinute,
    policy,
    secret,
    previousSecret: previousSecret?.secret,
    previousSecretUntil: previousSecret?.until,
    createdAt,
    log,
    cursor,
    moves,
    restartedAt,
    replayThrough,
    state,
    failures,
    failingSince,
    goneCount: gone?.count,
    goneSince: gone?.since,
    refusedSeq: refused?.seq,
    refusedCount: refused?.count,
    parkedInARow,
    nextAttemptAt,
    answeredAt: lastAnswer?.at,
    answerStatus: lastAnswer?.status,
    answerFailure: lastAnswer?.failure,
    leaseHolder: lease?.holder,
    leaseUntil: lease?.until,
    attempts: attempts.length > 0 ? JSON.stringify(attempts) : undefined,
    sent: sent.length > 0 ? JSON.stringify(sent) : undefined,
    missed,
    missedAt,
    version: randomUUID(),
  };
}

/** @param date the storage service's time at the reading, as its `Date` header has it: whole seconds */
function fromRow(row: Row<Columns>, date?: string): KeptSubscription {
  const {
    rowKey = "",
    etag,
    timestamp = "",
    type,
    types = type,
    url,
    secret,
    createdAt,
  } = checkFormat(row, NAME);
  const { filter, deliveryFormat: format = "payload", batch = 1, perMinute, policy = "block" } = row;
  const { previousSecret, previousSecretUntil, log, cursor, moves = 0, restartedAt, replayThrough } = row;
  const { attempts = "[]", sent = "[]", missed = 0, missedAt, leaseHolder, leaseUntil } = row;
  const age = Math.max(0, Date.parse(date ?? "") + 500 - Date.parse(timestamp));
  return {
    etag,
    id: rowKey.slice(SUBSCRIPTION.length),
    url,
    types: types ? EVENT_TYPES.filter((one) => types.split(",").includes(one)) : undefined,
    filter: filter === undefined ? undefined : JSON.parse(filter),
    format,
    batch,
    perMinute,
    policy,
    secret,
    previousSecret:
      previousSecret && previousSecretUntil
        ? { secret: previousSecret, until: previousSecretUntil }
        : undefined,
    createdAt,
    log,
    cursor,
    moves,
    restartedAt,
    replayThrough,
    standing: standingOf(row),
    lease: leaseHolder && leaseUntil ? { holder: leaseHolder, until: leaseUntil } : undefined,
    attempts: JSON.parse(attempts),
    sent: JSON.parse(sent),
    missed,
    missedAt,
    ...(Number.isFinite(age) && { age }),
  };
}

function standingOf(row: Row<Columns>): Standing {
  const { state, failures, failingSince, goneCount, goneSince, refusedSeq, refusedCount } = row;
  const { parkedInARow, nextAttemptAt, answeredAt, answerStatus: status, answerFailure: failure } = row;
  return {
    state,
    failures,
    failingSince,
    gone:
      goneCount !== undefined && goneSince !== undefined ? { count: goneCount, since: goneSince } : undefined,
    refused:
      refusedSeq !== undefined && refusedCount !== undefined
        ? { seq: refusedSeq, count: refusedCount }
        : undefined,
    parkedInARow,
    nextAttemptAt,
    lastAnswer: answeredAt === undefined ? undefined : { at: answeredAt, status, failure },
  };
}
