import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { operations } from "../functions/operations.ts";
import host from "../host.json" with { type: "json" };
import about from "../package.json" with { type: "json" };
import { toConnectorDefinition, toConnectorProperties } from "../shared/publish/connector.ts";

const directory = resolve(import.meta.dirname, "../connector");

/** The connector's two generated files, by name. */
export function connectorFiles(): Record<string, string> {
  const basePath = `/${host.extensions.http.routePrefix}`;
  const definition = toConnectorDefinition(operations, { version: about.version, basePath });
  return {
    "apiDefinition.swagger.json": print(definition),
    "apiProperties.json": print(toConnectorProperties({ basePath })),
  };
}

function print(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Writes them into `connector/`; with `--check`, exits 1 instead when what is there is something else. */
if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: "boolean" } } });
  await mkdir(directory, { recursive: true });
  for (const [name, content] of Object.entries(connectorFiles())) {
    const path = join(directory, name);
    if (!values.check) {
      await writeFile(path, content);
    } else if ((await readFile(path, "utf8").catch(() => "")) !== content) {
      console.error(`connector/${name} is not what the operations say: run npm run connector`);
      process.exitCode = 1;
    }
  }
}
