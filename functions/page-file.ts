import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { NotFound } from "../shared/core/errors.ts";
import type { Answer } from "../shared/http/operation.ts";

const CONTENT_TYPES: Record<string, string> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".txt": "text/plain",
};

/** Allows only this app's own scripts, styles and calls: a page that holds a key must not reach another host. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** A file of a page: `page` is a folder in `dist`, and `name` is a file in that folder. */
type PageFile = {
  page: "docs" | "console";
  name: string;
  /** Further directives of the page's content security policy. */
  policy?: readonly string[];
};

/**
 * Answers with one of the files that the build puts into `dist` for a page.
 *
 * @throws {NotFound} for any other name. The name must be in the list of files; it never becomes part of a path.
 */
export async function pageFile({ page, name, policy = [] }: PageFile): Promise<Answer<string>> {
  const directory = directoryOf(page);
  const names = directory ? await readdir(directory) : [];
  const type = CONTENT_TYPES[extname(name)];
  if (!directory || !type || !names.includes(name)) throw new NotFound("The page has no such file.");
  return {
    text: await readFile(join(directory, name), "utf8"),
    headers: {
      "content-type": `${type}; charset=utf-8`,
      // The names of the other files change with their content, so browsers need to revalidate only the page.
      "cache-control": name === "index.html" ? "no-cache" : "public, max-age=31536000, immutable",
      "content-security-policy": [...CONTENT_SECURITY_POLICY, ...policy].join("; "),
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  };
}

/** `dist` is beside `host.json`. That folder is above this source file, and also above the bundle and its chunks. */
function directoryOf(page: string): string | undefined {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    if (existsSync(join(directory, "host.json"))) return join(directory, "dist", page);
    if (directory === dirname(directory)) return undefined;
  }
}
