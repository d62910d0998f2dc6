import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { operations } from "../functions/operations.ts";
import hostSettings from "../host.json" with { type: "json" };
import about from "../package.json" with { type: "json" };
import { toConnectorDefinition } from "../shared/publish/connector.ts";

/**
 * Writes the connector's definition into `connector/`, or into `--directory`. `--host`, `--name` and `--email` set the
 * app's address and the operator's contact; without them the file keeps those that it has. With `--check` it writes
 * nothing, and exits with 1 when the file differs from what the operations give.
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
const name = "apiDefinition.swagger.json";
const path = join(directory, name);

/** The present definition, for the values that an operator has set in it. */
const written = await readFile(path, "utf8").catch(() => "{}");
const { host, info } = JSON.parse(written);
const address = values.host ?? host ?? "your-app.azurewebsites.net";
const contact = {
  name: values.name ?? info?.contact?.name ?? "The operator of this app",
  url: `https://${address}${basePath}/docs`,
  email: values.email ?? info?.contact?.email ?? `operator@${address}`,
};
const definition = toConnectorDefinition(operations, {
  version: about.version,
  host: address,
  basePath,
  contact,
});

const text = `${JSON.stringify(definition, null, 2)}\n`;
if (!values.check) {
  await mkdir(directory, { recursive: true });
  await writeFile(path, text);
} else if (written !== text) {
  console.error(`connector/${name} differs from what the operations give: run npm run connector`);
  process.exitCode = 1;
}
