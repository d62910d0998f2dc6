import type { TransactionAction } from "@azure/data-tables";

/**
 * The limits of Table Storage. They are checked here because the emulator does not check all of them.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 * @see https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
 */
export const MAX_PROPERTY_BYTES = 64 * 1024;
export const MAX_ENTITY_BYTES = 1024 * 1024;
/** 255 with the partition key, the row key and the timestamp. */
export const MAX_PROPERTIES = 252;
/** 1 KiB of UTF-16. */
export const MAX_KEY_CHARACTERS = 512;
export const MAX_OPERATIONS = 100;
export const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;

/**
 * The largest number of bytes around an entity in a transaction: boundary, headers, and a URL that contains the keys
 * except in creations. A test compares it with the bytes sent.
 */
const OPERATION_BYTES = 512;
/** Bytes around all operations. */
const BYTES_AROUND_OPERATIONS = 300;

/** A row or transaction is over a limit of Table Storage: a defect of the app, not an outage. */
export class LimitExceeded extends Error {
  override name = "LimitExceeded";
}

type Entity = { partitionKey: string; rowKey: string; [property: string]: unknown };

const FORBIDDEN_IN_KEYS = /[/\\#?\p{Cc}]/u;
const PROPERTY_NAME = /^[\p{L}_][\p{L}\p{Nd}_]{0,254}$/u;

/** @throws {LimitExceeded} */
export function checkEntity(entity: Entity): void {
  const { partitionKey, rowKey, etag: _, timestamp: __, ...properties } = entity;
  checkKey("partition key", partitionKey);
  checkKey("row key", rowKey);
  const given = Object.entries(properties).filter(([, value]) => value !== undefined && value !== null);
  checkLimit(given.length, MAX_PROPERTIES, `${rowKey} has ${given.length} properties`);
  let size = 4 + 2 * (partitionKey.length + rowKey.length);
  for (const [name, value] of given) {
    if (!PROPERTY_NAME.test(name)) throw new LimitExceeded(`${name} cannot be the name of a property`);
    const bytes = sizeOf(value);
    checkLimit(bytes, MAX_PROPERTY_BYTES, `${name} of ${rowKey} has ${bytes} bytes`);
    size += 8 + 2 * name.length + bytes + (typeof value === "string" || value instanceof Uint8Array ? 4 : 0);
  }
  checkLimit(size, MAX_ENTITY_BYTES, `${rowKey} has ${size} bytes`);
}

/** @throws {LimitExceeded} */
export function checkTransaction(actions: readonly TransactionAction[]): void {
  const [first] = actions;
  if (!first) throw new LimitExceeded("A transaction needs an operation");
  checkLimit(actions.length, MAX_OPERATIONS, `${actions.length} operations in a transaction`);
  const rows = new Set<string>();
  for (const action of actions) {
    const entity = action[1] as Entity;
    if (entity.partitionKey !== first[1].partitionKey) {
      throw new LimitExceeded("A transaction stays in one partition");
    }
    if (rows.has(entity.rowKey)) throw new LimitExceeded(`${entity.rowKey} is twice in one transaction`);
    rows.add(entity.rowKey);
    checkEntity(entity);
  }
  const bytes = actions.reduce((sum, action) => sum + wireBytes(action), BYTES_AROUND_OPERATIONS);
  checkLimit(bytes, MAX_TRANSACTION_BYTES, `A transaction of up to ${bytes} bytes`);
}

/**
 * The bytes of a transaction's 4 MiB that an operation takes: an estimate that is never too low. Binary values are sent
 * as Base64.
 */
export function wireBytes([, entity]: TransactionAction): number {
  const { partitionKey, rowKey } = entity;
  // The keys are in the entity as JSON, and percent-encoded in the URL.
  let bytes = OPERATION_BYTES + 5 * (Buffer.byteLength(partitionKey) + Buffer.byteLength(rowKey));
  for (const [name, value] of Object.entries(entity)) {
    if (value === undefined || value === null) continue;
    // `"name":` and `,`, and for some types `"name@odata.type":"Edm.DateTime",`.
    bytes += 2 * Buffer.byteLength(name) + 40;
    if (value instanceof Uint8Array) bytes += 4 * Math.ceil(value.length / 3);
    else if (typeof value === "string") bytes += Buffer.byteLength(escapeSeparators(JSON.stringify(value)));
    else bytes += 32;
  }
  return bytes;
}

/**
 * Escapes the line separators U+2028 and U+2029 in JSON. Azurite splits a transaction into lines at these characters
 * too, and refuses it.
 */
export function escapeSeparators(json: string): string {
  return json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** @param text names the row or the transaction, with its size */
function checkLimit(size: number, allowed: number, text: string): void {
  if (size > allowed) throw new LimitExceeded(`${text}; ${allowed} are allowed`);
}

function checkKey(kind: string, key: string): void {
  checkLimit(key.length, MAX_KEY_CHARACTERS, `A ${kind} of ${key.length} characters`);
  if (FORBIDDEN_IN_KEYS.test(key) || !key.isWellFormed()) {
    throw new LimitExceeded(`${JSON.stringify(key)} cannot be a ${kind}`);
  }
}

/** The bytes of a value in Table Storage, where text is UTF-16. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new LimitExceeded("Text with half a surrogate pair cannot be stored");
    return 2 * value.length;
  }
  if (value instanceof Uint8Array) return value.length;
  if (typeof value === "boolean") return 1;
  if (typeof value === "number" || value instanceof Date) return 8;
  throw new LimitExceeded("A value of this kind cannot be stored");
}
