import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { operations } from "../functions/operations.ts";
import host from "../host.json" with { type: "json" };
import about from "../package.json" with { type: "json" };
import { toConnectorDefinition, toConnectorProperties } from "../shared/publish/connector.ts";

/**
 * Writes the connector's two generated files into `connector/`. With `--check` it writes nothing, and exits 1 when what
 * is there is not what the operations say.
 */
const { values } = parseArgs({ options: { check: { type: "boolean" } } });
const directory = resolve(import.meta.dirname, "../connector");
const basePath = `/${host.extensions.http.routePrefix}`;

const files = {
  "apiDefinition.swagger.json": toConnectorDefinition(operations, { version: about.version, basePath }),
  "apiProperties.json": toConnectorProperties({ basePath }),
};

await mkdir(directory, { recursive: true });
for (const [name, content] of Object.entries(files)) {
  const path = join(directory, name);
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (!values.check) {
    await writeFile(path, text);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    console.error(`connector/${name} is not what the operations say: run npm run connector`);
    process.exitCode = 1;
  }
}
