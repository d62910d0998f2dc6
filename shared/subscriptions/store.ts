import { randomBytes } from "node:crypto";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import { OutcomeUnknown } from "../storage/failures.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { after, hashed, ordered } from "../storage/keys.ts";
import { type Range, readRow, readRows, removeRow, replaceRow } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { fromRow, rowKeyOf, SUBSCRIPTION_ROWS, type SubscriptionColumns, toRow } from "./row.ts";
import { FRESH, isFresh } from "./standing.ts";
import type { KeptSubscription, LogPlace, Parked, Subscription, Terms } from "./subscription.ts";

/** Changes of what is parked, in one transaction with the subscription: an event to park, and places to forget. */
type Along = { park?: Parked; unpark?: readonly number[] };

/** A subscription as it is to become, with changes of what is parked. */
type Changed = Subscription & { along?: Along };

export type Subscriptions = ReturnType<typeof openSubscriptions>;

type ParkedColumns = Omit<Parked, "seq"> & Formatted;

const PARKED = "parked:";
/** The form of the ids that are made here. Others come from outside, and not all of them could be keys. */
const ID_FORM = /^[\w-]{32}$/;
const parkedKey = (id: string, seq: number) => `${PARKED}${id}:${ordered(seq)}`;
/** The row that makes types and a URL one subscription. */
const targetKey = ({ types, url }: Pick<Terms, "types" | "url">) =>
  `target:${hashed([types === undefined ? "" : [...types].sort().join(","), url])}`;

/** How often a change is tried while other changes win. */
const TRIES = 20;

/**
 * Opens the subscriptions that a table holds. All are in one partition, so that a subscription and what makes it unique
 * are written together, and so are its place and an event that is set aside.
 *
 * @param now milliseconds since the epoch
 */
export function openSubscriptions({
  table,
  partitionKey = "subscriptions",
  now = Date.now,
}: {
  table: TableClient;
  partitionKey?: string;
  now?: () => number;
}) {
  /**
   * Begins a subscription behind the event at `cursor`. The same types and URL are the same subscription, however often it
   * is asked for: its other terms become those that are asked for now, and it goes on at once from where it stood if it
   * was waiting or given up.
   */
  function subscribe(wanted: Terms & Pick<LogPlace, "log" | "cursor">): Promise<KeptSubscription> {
    return untilDone(async () => {
      const target = await readRow<{ id: string }>(table, partitionKey, targetKey(wanted));
      if (!target) return create({ ...wanted, moves: 0 });
      const found = await get(target.id);
      if (found && isFresh(found.standing) && isSame(found, wanted)) return found;
      // Without its subscription a target was read just before both were removed.
      return (found && (await change(found.id, (now) => ({ ...resume(now), ...termsOf(wanted) })))) ?? false;
    });
  }

  /** Gives `false`: whether it was created shows when it is read back. */
  async function create(wanted: Terms & LogPlace): Promise<false> {
    const id = randomBytes(24).toString("base64url");
    const subscription: Subscription = {
      ...{ ...wanted, id, secret: newSecret(), createdAt: toIso(now()) },
      ...{ standing: FRESH, attempts: [], sent: [], missed: 0 },
    };
    await isDone([
      ["create", toRow(subscription, partitionKey)],
      ["create", { partitionKey, rowKey: targetKey(wanted), id }],
    ]);
    return false;
  }

  async function list(): Promise<KeptSubscription[]> {
    const answer = answerDate();
    const range = { ...SUBSCRIPTION_ROWS, onResponse: answer.onResponse };
    const rows = readRows<SubscriptionColumns>(table, partitionKey, range);
    return Array.fromAsync(rows, (row) => fromRow(row, answer.date()));
  }

  async function get(id: string): Promise<KeptSubscription | undefined> {
    if (!ID_FORM.test(id)) return undefined;
    const { onResponse, date } = answerDate();
    const row = await readRow<SubscriptionColumns>(table, partitionKey, rowKeyOf(id), { onResponse });
    return row && fromRow(row, date());
  }

  /**
   * Writes what was changed, and with it what is parked; `undefined` and nothing done when the subscription was changed
   * or removed since it was read.
   */
  async function replace(
    { etag, age: _, ...changed }: KeptSubscription,
    { park, unpark = [] }: Along = {},
  ): Promise<KeptSubscription | undefined> {
    const row = toRow(changed, partitionKey);
    const along: TransactionAction[] = unpark.map((seq) => [
      "delete",
      { partitionKey, rowKey: parkedKey(changed.id, seq) },
    ]);
    if (park) {
      const { seq, ...columns } = park;
      const parked = { partitionKey, rowKey: parkedKey(changed.id, seq), format: FORMAT, ...columns };
      along.push(["upsert", parked, "Replace"]);
    }
    try {
      let written: string | undefined;
      if (along.length === 0) written = await replaceRow(table, row, { etag });
      else {
        const outcome = await submit(table, [["update", row, "Replace", { etag }], ...along]);
        if (outcome.committed) written = outcome.etags[0];
      }
      return written === undefined ? undefined : { ...changed, etag: written };
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      const found = await readRow<SubscriptionColumns>(table, partitionKey, row.rowKey);
      return found?.version === row.version ? fromRow(found) : undefined;
    }
  }

  /**
   * Changes a subscription and what is parked along with it, also under concurrent changes; `undefined` when it does not
   * exist.
   */
  function change(
    id: string,
    to: (before: KeptSubscription) => Changed | Promise<Changed>,
  ): Promise<KeptSubscription | undefined> {
    return untilDone<KeptSubscription | undefined>(async () => {
      const found = await get(id);
      if (!found) return undefined;
      const { along, ...changed } = await to(found);
      return (await replace({ ...changed, etag: found.etag }, along)) ?? false;
    });
  }

  /** Removes a subscription with all that belongs to it, if it is there. */
  function remove(id: string): Promise<void> {
    return untilDone<void>(async () => {
      const found = await get(id);
      if (!found) return;
      for (const { seq } of await parked(id)) await unpark(id, seq);
      const isRemoved = await isDone([
        ["delete", { partitionKey, rowKey: rowKeyOf(id) }],
        ["delete", { partitionKey, rowKey: targetKey(found) }],
      ]);
      return isRemoved ? undefined : false;
    });
  }

  /** The events that were set aside for a subscription, in the order of the log; all subscriptions' without an id. */
  async function parked(id = ""): Promise<(Parked & { subscription: string })[]> {
    const prefix = id === "" ? PARKED : `${PARKED}${id}:`;
    const rows = readRows<ParkedColumns>(table, partitionKey, { from: prefix, before: after(prefix) });
    return Array.fromAsync(rows, (row) => {
      const { rowKey = "", eventId, since, attempts } = checkFormat(row, "list of subscriptions");
      const [subscription = "", seq] = rowKey.slice(PARKED.length).split(":");
      return { subscription, eventId, seq: Number(seq), since, attempts };
    });
  }

  /** Forgets that an event was set aside; `false` when it was not. */
  const unpark = (id: string, seq: number) => removeRow(table, partitionKey, parkedKey(id, seq));

  /** Does all of `actions` or nothing; `false` also when it is not known that they were done. */
  async function isDone(actions: TransactionAction[]): Promise<boolean> {
    try {
      return (await submit(table, actions)).committed;
    } catch (error) {
      if (error instanceof OutcomeUnknown) return false;
      throw error;
    }
  }

  return { subscribe, list, get, replace, change, remove, parked, unpark };
}

/** Repeats some work while it returns `false`, because another change won. @throws {StorageUnavailable} */
async function untilDone<Value>(work: () => Promise<Value | false>): Promise<Value> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const done = await work();
    if (done !== false) return done;
  }
  throw new StorageUnavailable("Too many calls change the subscription at once.", { retryAfter: 1 });
}

/** Takes note of the storage service's time when it answers: its `Date` header. */
function answerDate() {
  let date: string | undefined;
  const onResponse: Range["onResponse"] = ({ headers }) => {
    date = headers.get("date");
  };
  return { onResponse, date: () => date };
}

export const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;

/** Lets a subscription go on at once, from where it stands, as if nothing had gone wrong. */
export function resume<Kind extends Subscription>(subscription: Kind): Kind {
  return { ...subscription, standing: { ...FRESH, lastAnswer: subscription.standing.lastAnswer } };
}

/** Moves a subscription to another place of a log. */
export function moveTo<Kind extends Subscription>(subscription: Kind, cursor: number, log?: string): Kind {
  return { ...resume(subscription), log, cursor, moves: subscription.moves + 1 };
}

export function termsOf({ url, types, filter, format, batch, perMinute, policy }: Terms): Terms {
  return { url, types, filter, format, batch, perMinute, policy };
}

/** Whether two have the same terms, of one target, whose types are the same in any order. */
function isSame(one: Terms, other: Terms): boolean {
  const [terms, others] = [one, other].map((each) => ({ ...termsOf(each), types: undefined }));
  return JSON.stringify(terms) === JSON.stringify(others);
}
