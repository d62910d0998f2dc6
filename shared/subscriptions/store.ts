import { randomBytes } from "node:crypto";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import { OutcomeUnknown } from "../storage/failures.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { hashed, ordered, withPrefix } from "../storage/keys.ts";
import { answerDate, readRow, readRows, removeRow } from "../storage/rows.ts";
import { trySubmit } from "../storage/transaction.ts";
import { writeOnce } from "../storage/write-once.ts";
import { fromRow, rowKeyOf, SUBSCRIPTION_ROWS, type SubscriptionColumns, toRow } from "./row.ts";
import { newSecret } from "./sign.ts";
import { FRESH, isFresh } from "./standing.ts";
import {
  type KeptSubscription,
  type LogPlace,
  type Parked,
  resume,
  type Subscription,
  type Terms,
  termsOf,
} from "./subscription.ts";

/** Changes of the parked events, in one transaction with the subscription: an event to park, and places to unpark. */
type ParkedChanges = { park?: Parked; unpark?: readonly number[] };

export type SubscriptionStore = ReturnType<typeof openSubscriptionStore>;

/** A subscription after a change, with changes of its parked events. */
type Changed = Subscription & ParkedChanges;

type ParkedColumns = Omit<Parked, "seq"> & Formatted;

const SUBSCRIPTIONS_PARTITION = "subscriptions";
const PARKED = "parked:";
/** The format of our ids. Callers may ask for any text, which may not be a valid key. */
const ID_FORM = /^[\w-]{32}$/;
const parkedKey = (id: string, seq: number) => `${PARKED}${id}:${ordered(seq)}`;
/** The key of the row that makes a subscription unique: one for each set of types and URL. */
const targetKey = ({ types, url }: Pick<Terms, "types" | "url">) =>
  `target:${hashed([types === undefined ? "" : [...types].sort().join(","), url])}`;

/** The history of a new subscription. */
const NOTHING_SENT = { standing: FRESH, attempts: [], sent: [], missed: 0 };
/** How often a change is tried when other changes come first. */
const TRIES = 20;

/**
 * Opens the subscriptions in a table. All rows are in one partition, so that one transaction can write a subscription
 * with its unique target, or with its parked events.
 *
 * @param now milliseconds since the epoch
 */
export function openSubscriptionStore(table: TableClient, now = Date.now) {
  /**
   * Creates a subscription for the events after `cursor`. If one with the same types and URL exists, its other terms
   * are replaced, and it continues at once from its place.
   */
  function subscribe(wanted: Terms & Pick<LogPlace, "log" | "cursor">): Promise<KeptSubscription> {
    return untilDone(async () => {
      const target = await readRow<{ id: string }>(table, SUBSCRIPTIONS_PARTITION, targetKey(wanted));
      if (!target) {
        await create({ ...wanted, moves: 0 });
        // The next try reads the created row back.
        return false;
      }
      const found = await get(target.id);
      if (found && isFresh(found.standing) && isSame(found, wanted)) return found;
      // A target without its subscription was read just before both were removed.
      return (found && (await change(found.id, (now) => ({ ...resume(now), ...termsOf(wanted) })))) ?? false;
    });
  }

  async function create(wanted: Terms & LogPlace): Promise<void> {
    const id = randomBytes(24).toString("base64url");
    const secret = newSecret();
    const subscription: Subscription = { ...wanted, id, secret, createdAt: toIso(now()), ...NOTHING_SENT };
    await trySubmit(table, [
      ["create", { partitionKey: SUBSCRIPTIONS_PARTITION, ...toRow(subscription) }],
      ["create", { partitionKey: SUBSCRIPTIONS_PARTITION, rowKey: targetKey(wanted), id }],
    ]);
  }

  async function list(): Promise<KeptSubscription[]> {
    const answer = answerDate();
    const range = { ...SUBSCRIPTION_ROWS, onResponse: answer.onResponse };
    const rows = readRows<SubscriptionColumns>(table, SUBSCRIPTIONS_PARTITION, range);
    return Array.fromAsync(rows, (row) => fromRow(row, answer.date()));
  }

  async function get(id: string): Promise<KeptSubscription | undefined> {
    if (!ID_FORM.test(id)) return undefined;
    const answer = answerDate();
    const row = await readRow<SubscriptionColumns>(table, SUBSCRIPTIONS_PARTITION, rowKeyOf(id), answer);
    return row && fromRow(row, answer.date());
  }

  /**
   * Writes a changed subscription, with changes of its parked events. Returns `undefined` when the subscription was
   * changed or removed since it was read, and when storage may still carry out the write.
   */
  async function replace(
    { etag, age: _, ...changed }: KeptSubscription,
    { park, unpark = [] }: ParkedChanges = {},
  ): Promise<KeptSubscription | undefined> {
    const row = { partitionKey: SUBSCRIPTIONS_PARTITION, ...toRow(changed) };
    const { partitionKey } = row;
    const keysOf = (seq: number) => ({ partitionKey, rowKey: parkedKey(changed.id, seq) });
    const together: TransactionAction[] = unpark.map((seq) => ["delete", keysOf(seq)]);
    if (park) {
      const { seq, ...columns } = park;
      together.push(["upsert", { ...keysOf(seq), format: FORMAT, ...columns }, "Replace"]);
    }
    try {
      const written = await writeOnce(table, row, { etag, together });
      return written === undefined ? undefined : { ...changed, etag: written };
    } catch (error) {
      if (error instanceof OutcomeUnknown) return undefined;
      throw error;
    }
  }

  /**
   * Changes a subscription and its parked events. Repeats the change when another one comes first. Returns
   * `undefined` when the subscription does not exist.
   *
   * @param to makes the changed subscription. Its input can be its own result, because storage may carry out a write
   *   late.
   */
  function change(
    id: string,
    to: (before: KeptSubscription) => Changed | Promise<Changed>,
  ): Promise<KeptSubscription | undefined> {
    return untilDone<KeptSubscription | undefined>(async () => {
      const found = await get(id);
      if (!found) return undefined;
      const { park, unpark, ...changed } = await to(found);
      return (await replace({ ...changed, etag: found.etag }, { park, unpark })) ?? false;
    });
  }

  /** Removes a subscription and its parked events. Does nothing when it does not exist. */
  function remove(id: string): Promise<void> {
    return untilDone<void>(async () => {
      const found = await get(id);
      if (!found) return;
      for (const { seq } of await parked(id)) await unpark(id, seq);
      const isRemoved = await trySubmit(table, [
        ["delete", { partitionKey: SUBSCRIPTIONS_PARTITION, rowKey: rowKeyOf(id) }],
        ["delete", { partitionKey: SUBSCRIPTIONS_PARTITION, rowKey: targetKey(found) }],
      ]);
      return isRemoved ? undefined : false;
    });
  }

  /** The parked events of a subscription, or without `id` of all subscriptions, in the order of the log. */
  async function parked(id = ""): Promise<(Parked & { subscription: string })[]> {
    const prefix = id === "" ? PARKED : `${PARKED}${id}:`;
    const rows = readRows<ParkedColumns>(table, SUBSCRIPTIONS_PARTITION, withPrefix(prefix));
    return Array.fromAsync(rows, (row) => {
      const { rowKey = "", eventId, since, attempts } = checkFormat(row, "list of subscriptions");
      const [subscription = "", seq] = rowKey.slice(PARKED.length).split(":");
      return { subscription, eventId, seq: Number(seq), since, attempts };
    });
  }

  /** Unparks an event. Returns `false` when it was not parked. */
  const unpark = (id: string, seq: number) => removeRow(table, SUBSCRIPTIONS_PARTITION, parkedKey(id, seq));

  return { subscribe, list, get, replace, change, remove, parked, unpark };
}

/** Repeats `work` while it returns `false`, because another change came first. @throws {StorageUnavailable} */
async function untilDone<Value>(work: () => Promise<Value | false>): Promise<Value> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const done = await work();
    if (done !== false) return done;
  }
  throw new StorageUnavailable("Too many calls are changing this subscription.", { retryAfter: 1 });
}

/** Whether the terms are the same. The types are left out: those of one target are the same in any order. */
function isSame(one: Terms, other: Terms): boolean {
  const [terms, others] = [one, other].map((each) => ({ ...termsOf(each), types: undefined }));
  return JSON.stringify(terms) === JSON.stringify(others);
}
