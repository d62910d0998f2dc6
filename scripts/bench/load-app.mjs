import Module from "node:module";
import { pathToFileURL } from "node:url";

/**
 * Loads a bundle as the Functions worker does, until all functions are registered: a cold start waits for this. Then
 * calls the function with the given name once, if there is one. Prints the number of functions, and the milliseconds
 * and CPU time since the start of the process.
 */
const [file = "dist/app.mjs", name] = process.argv.slice(2);
const functions = new Map();
let model;
const core = {
  version: "3",
  hostVersion: "4",
  setProgrammingModel(given) {
    model = given;
  },
  registerFunction(metadata, callback) {
    functions.set(metadata.name, { metadata, callback });
    return { dispose() {} };
  },
  registerHook: () => ({ dispose() {} }),
  log() {},
};
const original = Module.prototype.require;
Module.prototype.require = function (id) {
  return id === "@azure/functions-core" ? core : Reflect.apply(original, this, [id]);
};

await import(pathToFileURL(file).href);
if (name) await call(functions.get(name));
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({ functions: functions.size, ms: performance.now(), cpuMs: (user + system) / 1000 }),
);
process.exit();

/** Calls an HTTP function with the request in the variable REQUEST, which the app must not stream. */
async function call({ metadata, callback }) {
  const { headers, body } = JSON.parse(process.env.REQUEST);
  const values = (object) =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, { value }]));
  const http = {
    method: "POST",
    url: "http://127.0.0.1/api/bench",
    nullableHeaders: values(headers),
    nullableQuery: {},
    nullableParams: {},
    body: { bytes: Buffer.from(body) },
  };
  const trigger = Object.keys(metadata.bindings).find((key) => /trigger$/i.test(metadata.bindings[key].type));
  const invocation = model.getInvocationModel({
    invocationId: "bench",
    metadata,
    request: {
      invocationId: "bench",
      inputData: [{ name: trigger, data: { http } }],
      triggerMetadata: {},
      traceContext: {},
    },
    log() {},
  });
  const { context, inputs } = await invocation.getArguments();
  const { returnValue } = await invocation.getResponse(
    context,
    await invocation.invokeFunction(context, inputs, callback),
  );
  if (returnValue?.http.statusCode !== "200") throw new Error(`Answered ${returnValue?.http.statusCode}`);
}
