import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { operations } from "../functions/operations.ts";
import hostSettings from "../host.json" with { type: "json" };
import about from "../package.json" with { type: "json" };
import { toConnectorPaths } from "../shared/publish/connector.ts";
import { readArguments } from "./read-arguments.ts";

const USAGE = `npm run connector [-- options]    writes the operations into the connector's definition; its other parts stay
--host HOST      the app's address
--name NAME      the operator's name
--email EMAIL    the operator's email address
--directory DIR  the folder of the definition; default connector/
--check          writes nothing, and exits with 1 when the file would change`;

const ours = resolve(import.meta.dirname, "../connector");
const options = {
  check: { type: "boolean" },
  host: { type: "string" },
  name: { type: "string" },
  email: { type: "string" },
  directory: { type: "string", default: ours },
} as const;
const { values } = readArguments(options, USAGE);
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
