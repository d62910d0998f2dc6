import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The files of the page `GET /docs`, by name: the licences of Swagger UI, scripts and style sheets, and last `index.html`.
 * Names of scripts and style sheets have a hash of their content, so browsers can cache them.
 */
export async function referencePage(root: string): Promise<Map<string, string | Uint8Array>> {
  const page = join(root, "functions/docs/page");
  const ui = join(root, "node_modules/swagger-ui-dist");
  const files = new Map<string, string | Uint8Array>([
    ["swagger-ui-licence.txt", await readFile(join(ui, "LICENSE"))],
    ["swagger-ui-notice.txt", await readFile(join(ui, "NOTICE"))],
    ["swagger-ui-parts-licences.txt", await readFile(join(ui, "swagger-ui-bundle.js.LICENSE.txt"))],
  ]);
  const parts = {
    "swagger-ui.css": join(ui, "swagger-ui.css"),
    "swagger-ui.js": join(ui, "swagger-ui-bundle.js"),
    "start.js": join(page, "start.js"),
  };
  let index = await readFile(join(page, "index.html"), "utf8");
  for (const [name, path] of Object.entries(parts)) {
    // The source map is not deployed.
    const text = (await readFile(path, "utf8")).replace(/\n\/[/*]# sourceMappingURL=.*\s*$/, "\n");
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 8);
    const named = name.replace(/(?=\.\w+$)/, `-${hash}`);
    files.set(named, text);
    index = index.replace(`docs/${name}`, `docs/${named}`);
  }
  return files.set("index.html", index);
}
