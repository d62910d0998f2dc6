import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { operations } from "../functions/operations.ts";
import hostSettings from "../host.json" with { type: "json" };
import about from "../package.json" with { type: "json" };
import { toConnectorPaths } from "../shared/publish/connector.ts";

/**
 * Writes the operations into the connector's definition, in `connector/` or `--directory`. `--host`, `--name` and `--email`
 * set the app's address and the operator's contact. All other parts of the file stay. With `--check` it writes nothing, and
 * exits with 1 when the file would change.
 */
const ours = resolve(import.meta.dirname, "../connector");
const { values } = parseArgs({
  options: {
    check: { type: "boolean" },
    host: { type: "string" },
    name: { type: "string" },
    email: { type: "string" },
    directory: { type: "string", default: ours },
  },
});
const { directory } = values;
const basePath = `/${hostSettings.extensions.http.routePrefix}`;
const name = "apiDefinition.swagger.json";
const path = join(directory, name);

const written = await readFile(path, "utf8").catch(() => "");
const present = JSON.parse(written || (await readFile(join(ours, name), "utf8")));
const host = values.host ?? present.host;
const contact = {
  name: values.name ?? present.info.contact.name,
  url: `https://${host}${basePath}/docs`,
  email: values.email ?? present.info.contact.email,
};
const info = { ...present.info, version: about.version, contact };
const definition = { ...present, info, host, basePath, ...toConnectorPaths(operations) };

const text = `${JSON.stringify(definition, null, 2)}\n`;
if (!values.check) {
  await mkdir(directory, { recursive: true });
  await writeFile(path, text);
} else if (written !== text) {
  console.error(`connector/${name} differs from the operations: run npm run connector`);
  process.exitCode = 1;
}
