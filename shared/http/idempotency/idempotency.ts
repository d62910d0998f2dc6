import type { TableClient, TransactionAction } from "@azure/data-tables";
import { AppError, KeyReused } from "../../core/errors.ts";
import { toIso } from "../../core/time.ts";
import { hashed } from "../../storage/keys.ts";
import type { Permit, Reply, Search } from "../operation.ts";
import { decideOnRecord, fingerprintOf, LONGEST_ATTEMPT, SETTLING_TIME, secondsUntil } from "./record.ts";
import { inProgress, Reservation, type ReservedKey } from "./reservation.ts";
import { claimOnce, claimRow, KEY_PREFIX, readKeyRow, readReply } from "./rows.ts";

/** One request that carries a key. */
export type KeyedRequest = {
  /** The operation's id. Equal keys of different operations are different keys. */
  scope: string;
  key: string;
  /** The content of the request. Requests with the same key must have the same content. */
  content: unknown;
  /** Makes the change. `made` is the name of the created item, if the answer shows it. */
  act(permit: Permit): Promise<{ reply: Reply; made?: string }>;
  /** Searches for the item that an earlier attempt may have created, and claims it. */
  find(search: Search): Promise<Reply | undefined>;
  /** Makes the answer to an error. */
  toReply(error: AppError): Reply;
};

export type Idempotency = {
  /**
   * Runs a request once for each key within a day, and gives repetitions the same answer. After an attempt with
   * unknown outcome it first searches for the result. It runs the request again only when the attempt can no longer
   * take effect upstream.
   *
   * @returns the answer, and whether it comes from an earlier request
   * @throws {KeyReused} when the key was used with another request
   * @throws {Conflict} with `retryAfter`, while another request with the key is in progress, or its outcome is open
   * @throws {StorageUnavailable} before anything is done
   * @throws the error of the attempt; when a repetition would get the same error, it is stored as the answer
   */
  once(attempt: KeyedRequest): Promise<{ reply: Reply; repeated: boolean }>;
};

/** How many times a request tries to reserve its key before it is answered 409. */
const MAX_TRIES = 5;

type IdempotencyOptions = {
  table: TableClient;
  /** Milliseconds since the epoch; the clocks of all instances must agree to a few seconds. */
  now?: () => number;
  longestAttempt?: number;
  settlingTime?: number;
};

export function openIdempotency({
  table,
  now = Date.now,
  longestAttempt = LONGEST_ATTEMPT,
  settlingTime = SETTLING_TIME,
}: IdempotencyOptions): Idempotency {
  const settledAt = () => toIso(now() + settlingTime);
  const endsAt = () => toIso(now() + longestAttempt + settlingTime);

  return {
    async once(request) {
      const { scope, key, content } = request;
      const rowKey = KEY_PREFIX + hashed([scope, key]);
      const fingerprint = fingerprintOf(content, key);
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const row = await readKeyRow(table, rowKey);
        const decision = decideOnRecord(row, fingerprint, now());
        if (decision.do === "refuse")
          throw new KeyReused("This Idempotency-Key was used with another request.");
        if (decision.do === "wait") throw inProgress(decision.seconds);
        if (decision.do === "answer") return { reply: await readReply(decision.record), repeated: true };
        const { since: began, unsure, notBefore } = decision;
        const reserved = { rowKey, fingerprint, began, unsure };
        const reservation = new Reservation({ table, key: reserved, etag: row?.etag, endsAt });
        if (await reservation.take()) return attempt(request, reserved, reservation, notBefore);
      }
      throw inProgress(1);
    },
  };

  async function attempt(
    { act, find, toReply }: KeyedRequest,
    { rowKey: owner, began, unsure }: ReservedKey,
    reservation: Reservation,
    notBefore: string,
  ): Promise<{ reply: Reply; repeated: boolean }> {
    const toClaim = (name: string) => claimRow(name, { owner, began });
    // By this process's own clock, because the time limit of a call uses that clock.
    const deadline = Date.now() + longestAttempt;
    /** The state of the key after an answer, and after an attempt that did nothing. */
    const done = () => ({ state: "done", until: settledAt() }) as const;
    const unchanged = { state: "open", until: notBefore } as const;

    try {
      const claim = (name: string) => claimOnce(table, toClaim(name));
      const found = unsure ? await find({ since: began, deadline, claim }) : undefined;
      if (found) {
        await reservation.settle(done(), found);
        return { reply: found, repeated: true };
      }
      if (unsure && toIso(now()) < notBefore) throw inProgress(secondsUntil(notBefore, now()));
    } catch (error) {
      await reservation.settle(unchanged);
      throw error;
    }

    try {
      const { reply, made } = await act({ deadline, beforeSend: () => reservation.confirm() });
      const claim: TransactionAction | undefined =
        made === undefined ? undefined : ["upsert", toClaim(made), "Replace"];
      await reservation.settle(done(), reply, claim);
      return { reply, repeated: false };
    } catch (error) {
      if (isAnswer(error)) await reservation.settle(done(), toReply(error));
      else if (isHarmless(error)) await reservation.settle(unchanged);
      else await reservation.settle({ state: "open", unsure: true, until: settledAt() });
      throw error;
    }
  }
}

/** True if a repetition would get the same refusal. */
function isAnswer(error: unknown): error is AppError {
  return error instanceof AppError && !error.retryable && error.status < 500 && !error.outcomeUnknown;
}

/** True if certainly nothing was done. */
function isHarmless(error: unknown): boolean {
  return error instanceof AppError && !error.outcomeUnknown;
}
