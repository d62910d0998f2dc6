import type { TableClient, TransactionAction } from "@azure/data-tables";
import { Conflict, StorageUnavailable } from "../../core/errors.ts";
import { startStopwatch } from "../../core/time.ts";
import { FORMAT } from "../../storage/format.ts";
import { submit } from "../../storage/transaction.ts";
import { writeOnce } from "../../storage/write-once.ts";
import type { Reply } from "../operation.ts";
import type { KeyRecord } from "./record.ts";
import { KEYS_PARTITION, toColumns } from "./rows.ts";

/** The parts of a key's row that stay the same during an attempt. */
export type ReservedKey = { rowKey: string } & Pick<KeyRecord, "fingerprint" | "began" | "unsure">;

/** The state of a key after an attempt. */
type AttemptEnd = Pick<KeyRecord, "state" | "until"> & { unsure?: true };

/** For this many milliseconds after a write, the attempt certainly still has its key. */
const CERTAIN_FOR = 1_000;

type ReservationOptions = {
  table: TableClient;
  key: ReservedKey;
  /** The version of the key's row, if there is one. */
  etag: string | undefined;
  /** Returns the time by which an attempt that is in progress now must have ended. ISO 8601. */
  endsAt: () => string;
};

/** The reservation of a key for one attempt. */
export class Reservation {
  readonly #options: ReservationOptions;
  /** The version of the key's row; absent when another attempt has the key. */
  #etag: string | undefined;
  #sinceWrite = startStopwatch();

  constructor(options: ReservationOptions) {
    this.#options = options;
    this.#etag = options.etag;
  }

  /** Reserves the key. Returns `false` when another attempt was faster. */
  async take(): Promise<boolean> {
    const { table, endsAt } = this.#options;
    this.#sinceWrite = startStopwatch();
    const row = { ...this.#row(), state: "running", until: endsAt() };
    this.#etag = await writeOnce(table, row, { etag: this.#etag });
    return this.#etag !== undefined;
  }

  /** A process that was paused may have lost the key. @throws {Conflict} when another attempt has it now */
  async confirm(): Promise<void> {
    if (this.#sinceWrite() < CERTAIN_FOR) return;
    if (this.#etag === undefined || !(await this.take())) throw inProgress(1);
  }

  /**
   * Stores the result of the attempt, unless the key was lost. When storing fails, the row says `running` until the
   * attempt must have ended.
   *
   * @param claim a further row, which is written in the same transaction
   */
  async settle(end: AttemptEnd, reply?: Reply, claim?: TransactionAction): Promise<void> {
    if (this.#etag === undefined) return;
    try {
      const columns = reply && (await toColumns(reply));
      // When the answer is too large to store, the next request searches for the created item.
      const kept = reply && !columns ? { ...end, state: "open", unsure: true } : end;
      const row = { ...this.#row(), ...kept, ...columns };
      const update: TransactionAction = ["update", row, "Replace", { etag: this.#etag }];
      await submit(this.#options.table, claim ? [update, claim] : [update]);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    }
  }

  #row() {
    return { partitionKey: KEYS_PARTITION, format: FORMAT, ...this.#options.key };
  }
}

/** The answer to a request whose key is busy. */
export function inProgress(seconds: number): Conflict {
  return new Conflict(`A request with this Idempotency-Key is in progress. Try again in ${seconds} s.`, {
    retryAfter: seconds,
  });
}
