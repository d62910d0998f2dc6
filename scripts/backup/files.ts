import { createReadStream, createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import * as v from "valibot";
import type { StoredRow } from "./rows.ts";

export const PARTS = ["subscriptions", "tickets", "events"] as const;
export type Part = (typeof PARTS)[number];

const Manifest = v.object({
  /** The version of the backup's layout. */
  format: v.literal(1),
  takenAt: v.string(),
  /** The log's id and its last place; missing when the log was empty. */
  log: v.optional(v.object({ id: v.string(), seq: v.number() })),
  rows: v.object({ subscriptions: v.number(), tickets: v.number(), events: v.number() }),
});

/** Describes a backup. It is written last, so an interrupted backup has none. */
export type Manifest = v.InferOutput<typeof Manifest>;

const manifestPath = (directory: string) => join(directory, "manifest.json");
const partPath = (directory: string, part: Part) => join(directory, `${part}.ndjson.gz`);

export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  await writeFile(manifestPath(directory), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @throws {Error} when the directory has no complete backup that this version can read */
export async function readManifest(directory: string): Promise<Manifest> {
  const text = await readFile(manifestPath(directory), "utf8").catch(() => {
    throw new Error(`${directory} has no complete backup: manifest.json is missing.`);
  });
  const result = v.safeParse(Manifest, JSON.parse(text));
  if (!result.success) throw new Error(`${directory} was written by another version of this app.`);
  return result.output;
}

/** Writes rows, one a line, compressed. @returns how many rows were written */
export async function writePart(
  directory: string,
  part: Part,
  rows: AsyncIterable<StoredRow>,
): Promise<number> {
  let count = 0;
  async function* lines() {
    for await (const row of rows) {
      count++;
      yield `${JSON.stringify(row)}\n`;
    }
  }
  // Only the owner may read the file: rows have personal data and the secrets of subscriptions.
  await pipeline(
    Readable.from(lines()),
    createGzip(),
    createWriteStream(partPath(directory, part), { mode: 0o600 }),
  );
  return count;
}

/** Reads the rows of a part. @throws {Error} when the file is incomplete */
export async function* readPart(directory: string, part: Part): AsyncGenerator<StoredRow> {
  const unzipped = createReadStream(partPath(directory, part)).pipe(createGunzip());
  const lines = createInterface({ input: unzipped, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) yield JSON.parse(line) as StoredRow;
}
