import { createReadStream, createWriteStream } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { pipeline as piped } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import * as v from "valibot";
import { fromJson } from "../../shared/core/json.ts";
import { hashed } from "../../shared/storage/keys.ts";
import type { StoredRow } from "./rows.ts";
import type { Tables } from "./tables.ts";

/** A file of a backup is missing, or is not as the backup wrote it. */
export class DamagedBackup extends Error {
  override name = "DamagedBackup";
}

/** A restore was interrupted, and must be repeated first. */
export class UnfinishedRestore extends Error {
  override name = "UnfinishedRestore";
}

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

/**
 * Describes a backup. It is removed before a backup begins and written at its end, so an interrupted backup has none.
 */
export type Manifest = v.InferOutput<typeof Manifest>;

const manifestPath = (directory: string) => join(directory, "manifest.json");
const partName = (part: Part) => `${part}.ndjson.gz`;

export function removeManifest(directory: string): Promise<void> {
  return rm(manifestPath(directory), { force: true });
}

export function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  return writeDurably(manifestPath(directory), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** A complete backup. `read` yields the rows of a part, see {@link readPart}. */
export type Backup = { manifest: Manifest; read: (part: Part) => AsyncGenerator<StoredRow> };

/** @throws {DamagedBackup} when the directory has no complete backup that this version can read */
export async function openBackup(directory: string): Promise<Backup> {
  const manifest = await readManifest(directory);
  return { manifest, read: (part) => readPart(directory, part, manifest.rows[part]) };
}

async function readManifest(directory: string): Promise<Manifest> {
  const text = await readFile(manifestPath(directory), "utf8").catch((cause) => {
    const message = `${directory} has no complete backup: manifest.json is missing or cannot be read.`;
    throw new DamagedBackup(message, { cause });
  });
  const json = fromJson(text);
  if (json === undefined) {
    throw new DamagedBackup(`The backup is damaged: manifest.json in ${directory} is not JSON.`);
  }
  const result = v.safeParse(Manifest, json);
  if (!result.success) throw new DamagedBackup(`${directory} was written by another version of this app.`);
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
  const file = createWriteStream(join(directory, partName(part)), { mode: 0o600, flush: true });
  await piped(Readable.from(lines()), createGzip(), file);
  return count;
}

const Keys = v.looseObject({ partitionKey: v.string(), rowKey: v.string() });

/**
 * Reads the rows of a part.
 *
 * @param expected the number of rows in the manifest
 * @throws {DamagedBackup} when the file is missing, cannot be read to its end, or has other rows
 */
async function* readPart(directory: string, part: Part, expected: number): AsyncGenerator<StoredRow> {
  const damaged = (problem: string, cause?: unknown) =>
    new DamagedBackup(`The backup is damaged: ${partName(part)} in ${directory} ${problem}.`, { cause });
  let count = 0;
  try {
    for await (const line of linesOf(join(directory, partName(part)))) {
      count++;
      const row = fromJson(line);
      if (!v.is(Keys, row)) throw damaged(`has a line that is not a row, ${count}`);
      yield row as StoredRow;
    }
  } catch (cause) {
    if (cause instanceof DamagedBackup) throw cause;
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw damaged(isMissing ? "is missing" : "cannot be read to its end", cause);
  }
  if (count !== expected) throw damaged(`has ${count} of ${expected} rows`);
}

/** The lines of a compressed file. Only `\n` ends a line: `node:readline` also splits at U+2028, which a row may have. */
async function* linesOf(path: string): AsyncGenerator<string> {
  // Without the callback, an error of the first stream would not end the second one.
  const text = pipeline(createReadStream(path), createGunzip(), () => {}).setEncoding("utf8");
  let pieces: string[] = [];
  for await (const chunk of text) {
    const [rest = "", ...begun] = (chunk as string).split("\n");
    pieces.push(rest);
    for (const piece of begun) {
      yield pieces.join("");
      pieces = [piece];
    }
  }
  if (pieces.some((piece) => piece !== "")) yield pieces.join("");
}

/** The start of the names of the plans of restores into these tables. */
function planPrefix({ events, tickets, subscriptions }: Tables): string {
  const names = [events, tickets, subscriptions].map(({ url, tableName }) => [
    url.replace(/\/+$/, ""),
    tableName,
  ]);
  return `restore-${hashed(names, 12)}-`;
}

/** Where a restore into these tables notes its plan. */
export function planPath(directory: string, tables: Tables, id: string): string {
  return join(directory, `${planPrefix(tables)}${id}.json`);
}

/** Removes the plans of restores into these tables, also of those that ended before they changed a row. */
export async function removePlans(directory: string, tables: Tables): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(planPrefix(tables))) await rm(join(directory, name), { force: true });
  }
}

/** @throws {UnfinishedRestore} when the directory's backup is needed to repeat an interrupted restore */
export async function refuseDuringRestore(directory: string): Promise<void> {
  const plan = (await readdir(directory)).find((name) => /^restore-.*\.json$/.test(name));
  if (plan === undefined) return;
  throw new UnfinishedRestore(
    `A restore from ${directory} was interrupted and left ${plan}. Repeat it with --replace first, or choose another directory.`,
  );
}

/** Writes a file that is either whole or missing, also when the process or the machine stops. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const unfinished = `${path}.new`;
  await writeFile(unfinished, text, { mode: 0o600, flush: true });
  await rename(unfinished, path);
}
