import { randomBytes, randomUUID } from "node:crypto";
import type { TableClient, TableEntity } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
import type { EventType } from "../schemas/webhook.ts";
import { OutcomeUnknown } from "../storage/failures.ts";
import { after, hashed } from "../storage/keys.ts";
import { type Row, readRow, readRows, replaceRow } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { FRESH, isFresh, type Standing } from "./standing.ts";

/** Somebody who is told of every event of a type: a place in the log, and where to send what comes behind it. */
export type Subscription = {
  /** Cannot be guessed: whoever knows it may end the subscription. */
  id: string;
  type: EventType;
  /** Opaque and secret; kept as it was given. */
  url: string;
  /** What deliveries are signed with, in the spelling of Standard Webhooks: `whsec_…`. */
  secret: string;
  createdAt: string;
  /** Everything of its type up to this place of the log has been delivered. */
  cursor: number;
  standing: Standing;
  /** Whoever delivers just now, so that two do not do so at once. */
  lease?: { holder: string; until: string };
};

/** A subscription as it was read, with the version that a change of it goes by. */
export type Kept = Subscription & { etag: string };

export type Subscriptions = {
  /**
   * Begins a subscription behind the event at `cursor`. The same type and URL is the same subscription, however often and
   * by however many it is asked for; it goes on at once if it was waiting or given up, from where it stood.
   */
  subscribe(wanted: Pick<Subscription, "type" | "url" | "cursor">): Promise<Kept>;
  list(): Promise<Kept[]>;
  get(id: string): Promise<Kept | undefined>;
  /** Writes what was changed, unless somebody else changed or removed it since it was read: then `undefined`. */
  replace(changed: Kept): Promise<Kept | undefined>;
  /** Changes a subscription, whatever else happens to it meanwhile; `undefined` when there is none. */
  change(id: string, change: (now: Subscription) => Subscription): Promise<Kept | undefined>;
  /** Removes a subscription, if it is there. */
  remove(id: string): Promise<void>;
};

export type SubscriptionsOptions = {
  table: TableClient;
  partitionKey?: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
};

type Columns = Omit<Standing, "lastAnswer" | "gone"> &
  Pick<Subscription, "type" | "url" | "secret" | "createdAt" | "cursor"> & {
    goneCount?: number;
    goneSince?: string;
    answeredAt?: string;
    answerStatus?: number;
    answerFailure?: string;
    leaseHolder?: string;
    leaseUntil?: string;
    /** Tells this writing of the row from any other. */
    version: string;
  };

const SUBSCRIPTION = "subscription:";
/** What `randomBytes` gives below. Others come from outside, and not all of them could be keys. */
const ID = /^[\w-]{32}$/;
const key = (id: string) => `${SUBSCRIPTION}${id}`;
/** The row that makes a type and a URL one subscription. */
const targetKey = ({ type, url }: Pick<Subscription, "type" | "url">) => `target:${hashed([type, url])}`;

/** How often a change that others got in before is tried again. */
const ATTEMPTS = 20;

/**
 * Opens the subscriptions that a table holds. All are in one partition, so that a subscription and what makes it unique
 * are written together.
 */
export function openSubscriptions({
  table,
  partitionKey = "subscriptions",
  now = Date.now,
}: SubscriptionsOptions): Subscriptions {
  const read = async (id: string) => {
    if (!ID.test(id)) return undefined;
    const row = await readRow<Columns>(table, partitionKey, key(id));
    return row && fromRow(row);
  };

  async function create({ type, url, cursor }: Pick<Subscription, "type" | "url" | "cursor">) {
    const subscription: Subscription = {
      id: randomBytes(24).toString("base64url"),
      type,
      url,
      secret: `whsec_${randomBytes(32).toString("base64")}`,
      createdAt: new Date(now()).toISOString(),
      cursor,
      standing: FRESH,
    };
    const target = { partitionKey, rowKey: targetKey({ type, url }), id: subscription.id };
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

  async function change(id: string, to: (now: Subscription) => Subscription): Promise<Kept | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await read(id);
      if (!found) return undefined;
      const changed = await replace({ ...to(found), etag: found.etag });
      if (changed) return changed;
    }
    throw new StorageUnavailable("The subscription is changed by too many at once.", { retryAfter: 1 });
  }

  async function replace({ etag, ...changed }: Kept): Promise<Kept | undefined> {
    const row = toRow(changed, partitionKey);
    try {
      const written = await replaceRow(table, row, { etag });
      return written === undefined ? undefined : { ...changed, etag: written };
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      const found = await readRow<Columns>(table, partitionKey, row.rowKey);
      return found?.version === row.version ? fromRow(found) : undefined;
    }
  }

  return {
    async subscribe(wanted) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const target = await readRow<{ id: string }>(table, partitionKey, targetKey(wanted));
        const found = target && (await read(target.id));
        if (found && isFresh(found.standing)) return found;
        const changed = found && (await change(found.id, resume));
        if (changed) return changed;
        // Without its subscription a target was read just before both were removed.
        if (!target) await create(wanted);
      }
      throw new StorageUnavailable("The subscription could not be kept.", { retryAfter: 1 });
    },
    async list() {
      const all: Kept[] = [];
      const range = { from: SUBSCRIPTION, before: after(SUBSCRIPTION) };
      for await (const row of readRows<Columns>(table, partitionKey, range)) all.push(fromRow(row));
      return all;
    },
    get: read,
    replace,
    change,
    async remove(id) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const found = await read(id);
        if (!found) return;
        try {
          const { committed } = await submit(table, [
            ["delete", { partitionKey, rowKey: key(id) }],
            ["delete", { partitionKey, rowKey: targetKey(found) }],
          ]);
          if (committed) return;
        } catch (error) {
          if (!(error instanceof OutcomeUnknown)) throw error;
        }
      }
      throw new StorageUnavailable("The subscription could not be removed.", { retryAfter: 1 });
    },
  };
}

/** Lets a subscription go on at once, from where it stands, as if nothing had gone wrong. */
export function resume(subscription: Subscription): Subscription {
  return { ...subscription, standing: { ...FRESH, lastAnswer: subscription.standing.lastAnswer } };
}

function toRow(
  { id, type, url, secret, createdAt, cursor, standing, lease }: Subscription,
  partitionKey: string,
): TableEntity<Columns> {
  const { state, failures, failingSince, gone, nextAttemptAt, lastAnswer } = standing;
  return {
    partitionKey,
    rowKey: key(id),
    type,
    url,
    secret,
    createdAt,
    cursor,
    state,
    failures,
    failingSince,
    goneCount: gone?.count,
    goneSince: gone?.since,
    nextAttemptAt,
    answeredAt: lastAnswer?.at,
    answerStatus: lastAnswer?.status,
    answerFailure: lastAnswer?.failure,
    leaseHolder: lease?.holder,
    leaseUntil: lease?.until,
    version: randomUUID(),
  };
}

function fromRow(row: Row<Columns>): Kept {
  const { rowKey = "", etag, type, url, secret, createdAt, cursor } = row;
  const { state, failures, failingSince, goneCount: count, goneSince: since, nextAttemptAt } = row;
  const { answeredAt, answerStatus: status, answerFailure: failure, leaseHolder, leaseUntil } = row;
  return {
    etag,
    id: rowKey.slice(SUBSCRIPTION.length),
    type,
    url,
    secret,
    createdAt,
    cursor,
    standing: {
      state,
      failures,
      failingSince,
      gone: count !== undefined && since !== undefined ? { count, since } : undefined,
      nextAttemptAt,
      lastAnswer: answeredAt === undefined ? undefined : { at: answeredAt, status, failure },
    },
    lease: leaseHolder && leaseUntil ? { holder: leaseHolder, until: leaseUntil } : undefined,
  };
}
