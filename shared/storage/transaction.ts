import type { TableClient, TransactionAction } from "@azure/data-tables";
import { statusOf, toStorageError } from "./failures.ts";
import { checkTransaction } from "./limits.ts";
import { checkEtag } from "./rows.ts";

/**
 * `refused` means that nothing was done, because of the operation at `index`: its row `exists` already, is `missing`,
 * or has `changed` since its ETag was read.
 */
type TransactionOutcome =
  | { committed: true; etags: (string | undefined)[] }
  | { committed: false; index: number; reason: "exists" | "missing" | "changed" };

const REASONS = { 409: "exists", 404: "missing", 412: "changed" } as const;

/**
 * Does all of `actions` or nothing. They are checked against the limits of Table Storage first. An update that is given
 * no options applies to any version of its row.
 *
 * @throws {LimitExceeded} before anything is sent
 * @throws {TypeError} when an update's options have no ETag
 * @throws {OutcomeUnknown} when no answer came, or an answer without the outcome
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
  // An answer that cannot be read says nothing about the outcome.
  if (etags.length !== actions.length) throw toStorageError({ statusCode: 500 }, "write");
  return { committed: true, etags };
}

/** The service puts the number of the operation in front of its message: `3:The specified entity already exists.` */
function failedOperation(error: unknown): number | undefined {
  const number = error instanceof Error && /^(\d+):/.exec(error.message)?.[1];
  return number ? Number(number) : undefined;
}
