import type { TableClient, TransactionAction } from "@azure/data-tables";
import { codeOf, statusOf, toStorageError } from "./failures.ts";
import { checkTransaction } from "./limits.ts";

/**
 * `refused` means that nothing was done, because of the operation at `index`: its row `exists` already, is `missing`,
 * or has `changed` since its ETag was read.
 */
export type Outcome =
  | { committed: true; etags: (string | undefined)[] }
  | { committed: false; index: number; reason: "exists" | "missing" | "changed" };

const REASONS = { 409: "exists", 404: "missing", 412: "changed" } as const;

/**
 * Does all of `actions` or nothing. They are checked against the limits of Table Storage first.
 *
 * @throws {LimitExceeded} before anything is sent
 * @throws {OutcomeUnknown} when no answer came, or one that does not tell what became of it
 * @throws {StorageUnavailable} when surely nothing was done
 */
export async function submit(
  table: TableClient,
  actions: TransactionAction[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<Outcome> {
  checkTransaction(actions);
  try {
    const { subResponses } = await table.submitTransaction(actions, { abortSignal: signal });
    return { committed: true, etags: subResponses.map(({ etag }) => etag) };
  } catch (error) {
    const reason = REASONS[statusOf(error) as keyof typeof REASONS];
    const index = failedOperation(error, actions.length);
    if (!reason || index === undefined || codeOf(error) === "TableBeingDeleted") {
      throw toStorageError(error, "write");
    }
    return { committed: false, index, reason };
  }
}

/** The index is the number in front of the message: `3:The specified entity already exists.` */
function failedOperation(error: unknown, count: number): number | undefined {
  const [, digits] = /^(\d+):/.exec(error instanceof Error ? error.message : "") ?? [];
  if (digits === undefined) return count === 1 ? 0 : undefined;
  return Number(digits) < count ? Number(digits) : undefined;
}
