import { hash } from "node:crypto";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { MAX_PROPERTY_BYTES } from "./limits.ts";

/**
 * Bodies of any size in a table: compressed, cut into binary properties, and the properties into rows when one row does
 * not hold them. Binary, because the emulator garbles long text and text counts double.
 */

/** 960 KiB: as many whole properties as fit into the 1 MiB of a row and leave room for others. */
export const PROPERTIES_PER_ROW = 15;
export const MAX_BYTES_PER_ROW = PROPERTIES_PER_ROW * MAX_PROPERTY_BYTES;

const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** Below this the thread pool's round trip costs more than the work. */
const LARGE = 64 * 1024;

/** Below this, compressing costs more time than it saves room: such text is kept as it is. */
const SMALL = 4 * 1024;
/** The first bytes of a Zstandard frame (RFC 8878, 3.1.1). No UTF-8 text begins with them. */
const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Bytes. No text that is kept is larger, and no more is unpacked, though storage is trusted. */
export const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** Zstandard, level 3: a 200 KB transcript to a third of it in a millisecond. */
export async function compress(text: string): Promise<Buffer> {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length < SMALL) return bytes;
  return bytes.length < LARGE ? zstdCompressSync(bytes, OPTIONS) : promisify(zstdCompress)(bytes, OPTIONS);
}

export async function decompress(bytes: Uint8Array): Promise<string> {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) return Buffer.from(bytes).toString("utf8");
  const options = { maxOutputLength: MAX_TEXT_BYTES };
  const text =
    bytes.length < LARGE
      ? zstdDecompressSync(bytes, options)
      : await promisify(zstdDecompress)(bytes, options);
  return text.toString("utf8");
}

/** Bytes as properties `body0`, `body1` … of one row. At most `MAX_BYTES_PER_ROW` of them fit. */
export function toProperties(bytes: Uint8Array): Record<string, Uint8Array> {
  const properties: Record<string, Uint8Array> = {};
  for (let index = 0; index === 0 || index * MAX_PROPERTY_BYTES < bytes.length; index++) {
    properties[`body${index}`] = bytes.subarray(index * MAX_PROPERTY_BYTES, (index + 1) * MAX_PROPERTY_BYTES);
  }
  return properties;
}

/** The bytes that `toProperties` put into a row; none when it holds no body. */
export function fromProperties(row: Record<string, unknown>): Buffer {
  const parts: Uint8Array[] = [];
  for (let part = row.body0; part instanceof Uint8Array; part = row[`body${parts.length}`]) parts.push(part);
  return Buffer.concat(parts);
}

/** A value as JSON in the properties of one row. It must be small enough for one when compressed. */
export async function packJson(value: unknown): Promise<Record<string, Uint8Array>> {
  return toProperties(await compress(JSON.stringify(value)));
}

/** The text in the properties of one row. */
export function unpack(row: Record<string, unknown>): Promise<string> {
  return decompress(fromProperties(row));
}

/** Bytes in pieces that each fit into a row. */
export function toPieces(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += MAX_BYTES_PER_ROW) {
    pieces.push(bytes.subarray(start, start + MAX_BYTES_PER_ROW));
  }
  return pieces;
}

/** Part of the key of rows that are named after their content. */
export function fingerprint(bytes: Uint8Array): string {
  return hash("sha256", bytes).slice(0, 32);
}
