import { randomUUID } from "node:crypto";
import type { TransactionAction } from "@azure/data-tables";

/**
 * An entity group transaction as it is sent. The SDK can do this too, but takes every operation through a request
 * pipeline of its own for it, which costs three times the work: 110 µs instead of 35 for the two rows of an event, in
 * the one place where all appends queue. Everything else about the request (signing, sending) stays the SDK's.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
 */
export function writeBatch(
  actions: readonly TransactionAction[],
  tableUrl: string,
): { body: Buffer; contentType: string } {
  const id = randomUUID();
  const operations = actions.map(
    (action) =>
      `--changeset_${id}\r\n` +
      "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
      writeOperation(action, tableUrl),
  );
  const body =
    `--batch_${id}\r\nContent-Type: multipart/mixed; boundary=changeset_${id}\r\n\r\n` +
    `${operations.join("")}--changeset_${id}--\r\n--batch_${id}--\r\n`;
  return { body: Buffer.from(body), contentType: `multipart/mixed; boundary=batch_${id}` };
}

const HEADERS = "Accept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0\r\n";
const JSON_HEADERS = `${HEADERS}Content-Type: application/json\r\n`;

function writeOperation(action: TransactionAction, tableUrl: string): string {
  const [kind, entity] = action;
  const row = `${tableUrl}(PartitionKey=${quote(entity.partitionKey)},RowKey=${quote(entity.rowKey)})`;
  if (kind === "create") {
    return `POST ${tableUrl} HTTP/1.1\r\n${JSON_HEADERS}Prefer: return-no-content\r\n\r\n${toJson(entity)}\r\n`;
  }
  if (kind === "delete") return `DELETE ${row} HTTP/1.1\r\n${HEADERS}If-Match: *\r\n\r\n\r\n`;
  const verb = action[2] === "Replace" ? "PUT" : "PATCH";
  // Without a condition these create the row when it is missing: an upsert.
  const condition = kind === "update" ? `If-Match: ${action[3]?.etag ?? "*"}\r\n` : "";
  return `${verb} ${row} HTTP/1.1\r\n${JSON_HEADERS}${condition}\r\n${toJson(entity)}\r\n`;
}

function quote(key: string): string {
  return `'${encodeURIComponent(key.replaceAll("'", "''"))}'`;
}

/** Numbers, booleans and text speak for themselves; other types are named beside the value. */
function toJson({
  partitionKey,
  rowKey,
  etag: _,
  timestamp: __,
  ...properties
}: Record<string, unknown>): string {
  const written: Record<string, unknown> = { PartitionKey: partitionKey, RowKey: rowKey };
  for (const [name, value] of Object.entries(properties)) {
    if (value instanceof Uint8Array) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
      written[name] = bytes.toString("base64");
      written[`${name}@odata.type`] = "Edm.Binary";
    } else if (value instanceof Date) {
      written[name] = value.toISOString();
      written[`${name}@odata.type`] = "Edm.DateTime";
    } else if (value === undefined || ["string", "number", "boolean"].includes(typeof value)) {
      written[name] = value;
    } else throw new TypeError(`${name} has a value that a table cannot hold`);
  }
  return JSON.stringify(written);
}

/** The answer to a batch: the ETags of the rows that were written, or what was wrong with one of the operations. */
export type BatchAnswer =
  | { committed: true; etags: (string | undefined)[] }
  | { committed: false; status: number; code?: string; index?: number };

/** Reads an answer to `count` operations; `undefined` when it cannot be read, so that nothing can be said. */
export function readBatch(text: string, count: number): BatchAnswer | undefined {
  const parts = text.split("--changesetresponse_").slice(1, -1);
  const failed = parts.find((part) => statusOf(part) >= 300);
  if (failed !== undefined) return { committed: false, status: statusOf(failed), ...readError(failed) };
  if (parts.length !== count || parts.some((part) => Number.isNaN(statusOf(part)))) return undefined;
  return { committed: true, etags: parts.map((part) => /^ETag: *(.*?)\r?$/im.exec(part)?.[1]) };
}

function statusOf(part: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/m.exec(part)?.[1]);
}

/** The index of the operation is the number in front of the message: `3:The specified entity already exists.` */
function readError(part: string): { code?: string; index?: number } {
  const code = /"code":"(\w+)"/.exec(part)?.[1];
  const index = /"value":"(\d+):/.exec(part)?.[1];
  return { code, ...(index !== undefined && { index: Number(index) }) };
}
