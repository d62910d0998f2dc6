import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { operations } from "../functions/operations.ts";
import hostSettings from "../host.json" with { type: "json" };
import about from "../package.json" with { type: "json" };
import { toConnectorDefinition, toConnectorProperties } from "../shared/publish/connector.ts";

/**
 * Writes the two generated files of `connector/`, or of `--directory`. `--host`, `--name` and `--email` set the app's address and the
 * operator's contact; without them the file keeps those that it has. With `--check` it writes nothing, and exits with 1
 * when a file differs from what the operations give.
 */
const { values } = parseArgs({
  options: {
    check: { type: "boolean" },
    host: { type: "string" },
    name: { type: "string" },
    email: { type: "string" },
    directory: { type: "string", default: resolve(import.meta.dirname, "../connector") },
  },
});
const { directory } = values;
const basePath = `/${hostSettings.extensions.http.routePrefix}`;
const definitionFile = "apiDefinition.swagger.json";

/** The present definition, for the values that an operator has set in it. */
const written = JSON.parse(await readFile(join(directory, definitionFile), "utf8").catch(() => "{}"));
const address = values.host ?? written.host ?? "your-app.azurewebsites.net";
const contact = {
  name: values.name ?? written.info?.contact?.name ?? "The operator of this app",
  url: `https://${address}${basePath}/docs`,
  email: values.email ?? written.info?.contact?.email ?? `operator@${address}`,
};

const files = {
  [definitionFile]: toConnectorDefinition(operations, {
    version: about.version,
    host: address,
    basePath,
    contact,
  }),
  "apiProperties.json": toConnectorProperties({ basePath }),
};

await mkdir(directory, { recursive: true });
for (const [name, content] of Object.entries(files)) {
  const path = join(directory, name);
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (!values.check) {
    await writeFile(path, text);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    console.error(`connector/${name} differs from what the operations give: run npm run connector`);
    process.exitCode = 1;
  }
}
