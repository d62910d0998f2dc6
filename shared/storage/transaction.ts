import type { TableClient, TransactionAction } from "@azure/data-tables";
import { OutcomeUnknown, statusOf, toStorageError } from "./failures.ts";
import { checkTransaction } from "./limits.ts";
import { checkEtag } from "./rows.ts";

/**
 * When a transaction is not committed, nothing was done. The operation at `index` was refused: its row `exists`, is
 * `missing`, or has `changed` since its ETag was read.
 */
type TransactionOutcome =
  | { committed: true; etags: (string | undefined)[] }
  | { committed: false; index: number; reason: "exists" | "missing" | "changed" };

const REASONS = { 409: "exists", 404: "missing", 412: "changed" } as const;

/**
 * Carries out all actions or none. An update without options changes any version of its row.
 *
 * @throws {LimitExceeded} when the transaction is over a limit of Table Storage; nothing is sent
 * @throws {TypeError} when the options of an update have no ETag
 * @throws {OutcomeUnknown} without an answer, or when the answer does not show the outcome
 * @throws {StorageUnavailable} when nothing was done
 */
export async function submit(
  table: TableClient,
  actions: TransactionAction[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<TransactionOutcome> {
  checkTransaction(actions);
  for (const [kind, , , options] of actions) if (kind === "update" && options) checkEtag(options.etag);
  let etags: (string | undefined)[];
  try {
    const { subResponses } = await table.submitTransaction(actions, { abortSignal: signal });
    etags = subResponses.map(({ etag }) => etag);
  } catch (error) {
    const reason = REASONS[statusOf(error) as keyof typeof REASONS];
    const index = actions.length === 1 ? 0 : failedOperation(error);
    if (!reason || index === undefined) throw toStorageError(error, "write");
    return { committed: false, index, reason };
  }
  // An unreadable answer does not show the outcome.
  if (etags.length !== actions.length) throw toStorageError({ statusCode: 500 }, "write");
  return { committed: true, etags };
}

/**
 * Carries out all actions or none. Returns `false` when nothing was done, and also when the outcome is unknown: the caller
 * finds out by reading.
 */
export async function trySubmit(table: TableClient, actions: TransactionAction[]): Promise<boolean> {
  try {
    return (await submit(table, actions)).committed;
  } catch (error) {
    if (error instanceof OutcomeUnknown) return false;
    throw error;
  }
}

/** The service's message begins with the number of the operation: `3:The specified entity already exists.` */
function failedOperation(error: unknown): number | undefined {
  const number = error instanceof Error && /^(\d+):/.exec(error.message)?.[1];
  return number ? Number(number) : undefined;
}
