import { Webhook } from "standardwebhooks";
import { EVENT_TYPES } from "../shared/schemas/webhook.ts";
import { newSecret } from "../shared/subscriptions/sign.ts";
import { listen } from "./listen/listen.ts";
import { readArguments, refuse } from "./read-arguments.ts";

/**
 * Sends an app's events to a program on this machine, signed like those of a subscription. It polls the log, so the app need
 * not reach this machine and stores nothing about it.
 */
const USAGE = `npm run listen -- http://localhost:3000/hook [options]
--from URL       the app; default http://127.0.0.1:7071
--after SEQ      events after this place of the log; default: only new events
--types A,B      only these event types; default all: ${EVENT_TYPES.join(", ")}
--format FORMAT  payload (default) or cloudevents
--secret SECRET  whsec_…; default: a new one, which is printed
--key KEY        the function key; put it into FUNCTION_KEY to keep it out of the shell's history`;

const options = {
  from: { type: "string", default: "http://127.0.0.1:7071" },
  after: { type: "string" },
  types: { type: "string" },
  format: { type: "string", default: "payload" },
  secret: { type: "string" },
  key: { type: "string", default: process.env.FUNCTION_KEY ?? "" },
} as const;
const { values, argument: url } = readArguments(options, USAGE, "URL");
const types = EVENT_TYPES.filter((type) => values.types?.split(",").includes(type));
const after = values.after === undefined ? undefined : Number(values.after);
const { format } = values;
if (!URL.canParse(url)) refuse(`${url} is no URL.`, USAGE);
if (!URL.canParse(values.from)) refuse(`--from: ${values.from} is no URL.`, USAGE);
if (format !== "payload" && format !== "cloudevents") refuse(`--format: ${format} is unknown.`, USAGE);
if (after !== undefined && !(Number.isSafeInteger(after) && after >= 0))
  refuse("--after takes a place in the log.", USAGE);
if (values.types !== undefined && types.length !== values.types.split(",").length)
  refuse(`--types: ${values.types} has an unknown type.`, USAGE);
if (values.secret !== undefined && !isSecret(values.secret))
  refuse("--secret takes whsec_ and then base64.", USAGE);

const secret = values.secret ?? newSecret();
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
console.log(`events of ${values.from} go to ${url}`);
if (values.secret === undefined) console.log(`secret of the signatures: ${secret}`);
try {
  await listen({
    url,
    secret,
    format,
    after,
    key: values.key,
    api: `${values.from.replace(/\/+$/, "")}/api`,
    types: types.length > 0 ? types : undefined,
    print: (line) => console.log(line),
    signal: stop.signal,
  });
} catch (error) {
  console.error(`listen: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

function isSecret(text: string): boolean {
  try {
    return Boolean(new Webhook(text));
  } catch {
    return false;
  }
}
