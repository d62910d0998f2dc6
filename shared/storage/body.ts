import { hash } from "node:crypto";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { MAX_PROPERTY_BYTES } from "./limits.ts";

// Texts of any size in a table. A text is compressed and cut into binary properties of a row, and a large one into
// several rows. The properties are binary because Table Storage counts two bytes for each character of a text, and
// because the emulator damages long texts.

/** 960 KiB: the properties that fit into the 1 MiB of a row, with space for others. */
export const PROPERTIES_PER_ROW = 15;
export const MAX_BYTES_PER_ROW = PROPERTIES_PER_ROW * MAX_PROPERTY_BYTES;

/** Level 3 compresses a transcript of 200 KB to a third in a millisecond. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** Texts with fewer bytes are not compressed: compression would take more time than the space is worth. */
const MIN_COMPRESSED_BYTES = 4 * 1024;
/** Texts with fewer bytes are compressed at once: the way to a thread and back takes longer than the work. */
const MIN_THREAD_BYTES = 64 * 1024;
/** The first bytes of a Zstandard frame (RFC 8878, 3.1.1). No UTF-8 text begins with them. */
const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** The largest text, in bytes. More is not decompressed. */
export const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** Compresses a text with Zstandard; a small text is returned as UTF-8. */
export async function compress(text: string): Promise<Buffer> {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length < MIN_COMPRESSED_BYTES) return bytes;
  return bytes.length < MIN_THREAD_BYTES
    ? zstdCompressSync(bytes, COMPRESSION)
    : promisify(zstdCompress)(bytes, COMPRESSION);
}

/** The text of {@link compress}. @throws when the bytes are damaged or the text is larger than `MAX_TEXT_BYTES` */
export async function decompress(bytes: Uint8Array): Promise<string> {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) return Buffer.from(bytes).toString("utf8");
  const options = { maxOutputLength: MAX_TEXT_BYTES };
  const text =
    bytes.length < MIN_THREAD_BYTES
      ? zstdDecompressSync(bytes, options)
      : await promisify(zstdDecompress)(bytes, options);
  return text.toString("utf8");
}

/** Bytes as the properties `body0`, `body1` and so on of one row, which has space for `MAX_BYTES_PER_ROW` bytes. */
export function toProperties(bytes: Uint8Array): Record<string, Uint8Array> {
  const parts = cutBytes(bytes, MAX_PROPERTY_BYTES);
  return Object.fromEntries(parts.map((part, index) => [`body${index}`, part]));
}

/** The bytes of {@link toProperties}; empty when the row has no such properties. */
export function fromProperties(row: Record<string, unknown>): Buffer {
  const parts: Uint8Array[] = [];
  for (let part = row.body0; part instanceof Uint8Array; part = row[`body${parts.length}`]) parts.push(part);
  return Buffer.concat(parts);
}

/** A value as compressed JSON in the properties of one row, which must have space for it. */
export async function packJson(value: unknown): Promise<Record<string, Uint8Array>> {
  return toProperties(await compress(JSON.stringify(value)));
}

/** The text in the properties of one row. */
export function unpack(row: Record<string, unknown>): Promise<string> {
  return decompress(fromProperties(row));
}

/** Cuts bytes into pieces that each fit into a row. */
export function toPieces(bytes: Uint8Array): Uint8Array[] {
  return cutBytes(bytes, MAX_BYTES_PER_ROW);
}

/** At least one piece, which is empty for no bytes. */
function cutBytes(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / size));
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

/** A name for bytes, for the keys of their rows. Equal bytes have the same fingerprint. */
export function fingerprint(bytes: Uint8Array): string {
  return hash("sha256", bytes).slice(0, 32);
}
