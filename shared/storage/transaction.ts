import { createDefaultHttpClient, createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import { type BatchAnswer, readBatch, writeBatch } from "./batch.ts";
import { toStorageError } from "./failures.ts";
import { checkTransaction, LimitExceeded, MAX_TRANSACTION_BYTES } from "./limits.ts";
import { checkEtag } from "./rows.ts";

/**
 * `refused` means that nothing was done, because of the operation at `index`: its row `exists` already, is `missing`,
 * or has `changed` since its ETag was read.
 */
export type Outcome =
  | { committed: true; etags: (string | undefined)[] }
  | { committed: false; index: number; reason: "exists" | "missing" | "changed" };

const REASONS = { 409: "exists", 404: "missing", 412: "changed" } as const;

/**
 * Does all of `actions` or nothing. They are checked against the limits of Table Storage first. An update that is given
 * no options applies to any version of its row.
 *
 * @throws {LimitExceeded} before anything is sent
 * @throws {TypeError} when an update's options have no ETag
 * @throws {OutcomeUnknown} when no answer came, or one that does not tell what became of it
 * @throws {StorageUnavailable} when surely nothing was done
 */
export async function submit(
  table: TableClient,
  actions: TransactionAction[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<Outcome> {
  checkTransaction(actions);
  for (const [kind, , , options] of actions) if (kind === "update" && options) checkEtag(options.etag);
  const request = toRequest(table, actions, signal);
  const answer = await send(table, request, actions.length).catch((error) => {
    throw toStorageError(error, "write");
  });
  if (answer.committed) return answer;
  const { status, code, index = actions.length === 1 ? 0 : undefined } = answer;
  const reason = REASONS[status as keyof typeof REASONS];
  if (!reason || index === undefined || code === "TableBeingDeleted") {
    throw toStorageError({ statusCode: status, code }, "write");
  }
  return { committed: false, index, reason };
}

type Request = ReturnType<typeof createPipelineRequest>;

function toRequest(
  table: TableClient,
  actions: TransactionAction[],
  abortSignal: AbortSignal | undefined,
): Request {
  // A shared access signature stands behind the account's URL, and goes behind that of the batch.
  const [account = "", signature] = table.url.split("?");
  const { body, contentType } = writeBatch(actions, `${account}/${table.tableName}`);
  if (body.length > MAX_TRANSACTION_BYTES) {
    throw new LimitExceeded(`A transaction of ${body.length} bytes; ${MAX_TRANSACTION_BYTES} are allowed`);
  }
  return createPipelineRequest({
    method: "POST",
    url: `${account}/$batch${signature ? `?${signature}` : ""}`,
    headers: createHttpHeaders({
      accept: "application/json",
      "content-type": contentType,
      dataserviceversion: "3.0",
      maxdataserviceversion: "3.0;NetFx",
      "x-ms-version": "2019-02-02",
    }),
    body,
    abortSignal,
    allowInsecureConnection: account.startsWith("http:"),
  });
}

let http: ReturnType<typeof createDefaultHttpClient> | undefined;

async function send(table: TableClient, request: Request, count: number): Promise<BatchAnswer> {
  http ??= createDefaultHttpClient();
  const { status, bodyAsText } = await table.pipeline.sendRequest(http, request);
  const answer = status === 202 ? readBatch(bodyAsText ?? "", count) : undefined;
  // Refused as a whole; or an answer that makes no sense, and then what became of it is not known.
  return answer ?? { committed: false, status: status === 202 ? 500 : status };
}
