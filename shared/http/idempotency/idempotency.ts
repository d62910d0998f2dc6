import type { TableClient, TransactionAction } from "@azure/data-tables";
import { AppError, Conflict, KeyReused, StorageUnavailable } from "../../core/errors.ts";
import { startStopwatch } from "../../core/stopwatch.ts";
import { toIso } from "../../core/time.ts";
import { compress, decompress, fromProperties, MAX_BYTES_PER_ROW, toProperties } from "../../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../../storage/format.ts";
import { hashed } from "../../storage/keys.ts";
import { createRow, type Row, readRow } from "../../storage/rows.ts";
import { submit } from "../../storage/transaction.ts";
import { writeOnce } from "../../storage/write-once.ts";
import type { Permit, Reply, Search } from "../operation.ts";
import {
  decideOnRecord,
  fingerprintOf,
  type KeyRecord,
  LONGEST_ATTEMPT,
  SETTLING,
  secondsUntil,
} from "./record.ts";

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

export const PARTITION = "idempotency";
export const KEY = "key:";
export const CLAIM = "made:";
const KEYS_NAME = "list of Idempotency-Keys";
/** How often a request may lose the race for a key before it is answered "try again later". */
const RACES = 5;

export type KeptRow = KeyRecord & { status?: number; headers?: string } & Formatted;
type ClaimRow = { owner: string; began: string } & Formatted;

/** Milliseconds after a write for which the attempt certainly still has its key. */
const PROVEN_FOR = 1_000;

type IdempotencyOptions = {
  table: TableClient;
  /** Milliseconds since the epoch; the clocks of all instances must agree to a few seconds. */
  now?: () => number;
  longestAttempt?: number;
  settling?: number;
};

export function openIdempotency({
  table,
  now = Date.now,
  longestAttempt = LONGEST_ATTEMPT,
  settling = SETTLING,
}: IdempotencyOptions): Idempotency {
  return {
    async once(request) {
      const { scope, key, content } = request;
      const rowKey = KEY + hashed([scope, key]);
      const fingerprint = fingerprintOf(content, key);
      for (let race = 0; race < RACES; race++) {
        const found = await readRow<KeptRow>(table, PARTITION, rowKey);
        const row = found && checkFormat(found, KEYS_NAME);
        const decision = decideOnRecord(row, fingerprint, now());
        if (decision.do === "refuse")
          throw new KeyReused("This Idempotency-Key was used with another request.");
        if (decision.do === "wait") throw underWay(decision.seconds);
        if (decision.do === "answer" && row) return { reply: await readReply(row), repeated: true };
        if (decision.do !== "begin") continue;
        const { since: began, unsure, notBefore } = decision;
        const tenure = await take(rowKey, { fingerprint, began, unsure }, row?.etag);
        if (tenure) return attempt(request, tenure, notBefore);
      }
      throw underWay(1);
    },
  };

  /** Reserves a key for one attempt; `undefined` when another attempt was faster. */
  async function take(
    rowKey: string,
    known: Pick<KeyRecord, "fingerprint" | "began" | "unsure">,
    etag: string | undefined,
  ) {
    const place = { partitionKey: PARTITION, rowKey, format: FORMAT, ...known };
    let passed = startStopwatch();
    const write = () => {
      const until = toIso(now() + longestAttempt + settling);
      return writeOnce(table, { ...place, state: "running", until }, { etag });
    };
    etag = await write();
    if (etag === undefined) return undefined;
    return {
      ...known,
      rowKey,
      /** A process that was paused may have lost the key. @throws {Conflict} when another attempt has it now */
      async confirm() {
        if (passed() < PROVEN_FOR) return;
        passed = startStopwatch();
        etag &&= await write();
        if (etag === undefined) throw underWay(1);
      },
      /**
       * Stores the result of the attempt, unless the key was lost. When storing fails, the row says `running` until
       * the attempt must have ended.
       */
      async settle(
        end: Pick<KeyRecord, "state" | "until"> & { unsure?: true },
        reply?: Reply,
        claim?: TransactionAction,
      ) {
        if (etag === undefined) return;
        try {
          const columns = reply && (await toColumns(reply));
          // When the answer is too large to store, the next request searches for the created item.
          const kept = reply && !columns ? { ...end, state: "open", unsure: true } : end;
          const update: TransactionAction = [
            "update",
            { ...place, ...kept, ...columns },
            "Replace",
            { etag },
          ];
          await submit(table, claim ? [update, claim] : [update]);
        } catch (error) {
          if (!(error instanceof StorageUnavailable)) throw error;
        }
      },
    };
  }

  async function attempt(
    { act, find, toReply }: KeyedRequest,
    { rowKey: owner, began, unsure, confirm, settle }: NonNullable<Awaited<ReturnType<typeof take>>>,
    notBefore: string,
  ): Promise<{ reply: Reply; repeated: boolean }> {
    // By this process's own clock, because the time limit of a call uses that clock.
    const deadline = Date.now() + longestAttempt;
    const done = (reply: Reply, claim?: TransactionAction) =>
      settle({ state: "done", until: toIso(now() + settling) }, reply, claim);
    let acting = false;
    try {
      if (unsure) {
        const claim = (name: string) => claimOnce(claimRow(name, { owner, began }));
        const found = await find({ since: began, deadline, claim });
        if (found) {
          await done(found);
          return { reply: found, repeated: true };
        }
        if (toIso(now()) < notBefore) throw underWay(secondsUntil(notBefore, now()));
      }
      acting = true;
      const { reply, made } = await act({ deadline, beforeSend: confirm });
      await done(
        reply,
        made === undefined ? undefined : ["upsert", claimRow(made, { owner, began }), "Replace"],
      );
      return { reply, repeated: false };
    } catch (error) {
      if (acting && isAnswer(error)) await done(toReply(error));
      else if (!acting || isHarmless(error)) await settle({ state: "open", until: notBefore });
      else await settle({ state: "open", unsure: true, until: toIso(now() + settling) });
      throw error;
    }
  }

  /** Claims an item for a key; `false` when the item belongs to another key. */
  async function claimOnce(row: ReturnType<typeof claimRow>): Promise<boolean> {
    if ((await createRow(table, row)) !== undefined) return true;
    const found = await readRow<ClaimRow>(table, PARTITION, row.rowKey);
    return found !== undefined && checkFormat(found, KEYS_NAME).owner === row.owner;
  }
}

/** Whether a repetition would get the same refusal. */
function isAnswer(error: unknown): error is AppError {
  return error instanceof AppError && !error.retryable && error.status < 500 && !error.outcomeUnknown;
}

/** Whether certainly nothing was done. */
function isHarmless(error: unknown): boolean {
  return error instanceof AppError && !error.outcomeUnknown;
}

function underWay(seconds: number): Conflict {
  return new Conflict(`A request with this Idempotency-Key is in progress. Try again in ${seconds} s.`, {
    retryAfter: seconds,
  });
}

function claimRow(name: string, claim: ClaimRow) {
  return { partitionKey: PARTITION, rowKey: CLAIM + hashed(name), format: FORMAT, ...claim };
}

/** The columns of an answer; `undefined` when it is too large to store. */
export async function toColumns({ status, headers, body }: Reply): Promise<object | undefined> {
  const bytes = body === undefined ? undefined : await compress(body);
  if (bytes && bytes.length > MAX_BYTES_PER_ROW) return undefined;
  return { status, headers: JSON.stringify(headers), ...(bytes && toProperties(bytes)) };
}

export async function readReply(row: Row<KeptRow>): Promise<Reply> {
  const bytes = fromProperties(checkFormat(row, KEYS_NAME));
  return {
    status: row.status ?? 200,
    headers: JSON.parse(row.headers ?? "{}"),
    ...(bytes.length > 0 && { body: await decompress(bytes) }),
  };
}
