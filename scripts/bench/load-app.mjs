import Module from "node:module";
import { pathToFileURL } from "node:url";

/** Loads the bundle as the Functions worker does, to the last function registered, and ends: what a cold start waits for. */
let registered = 0;
const core = {
  version: "3",
  hostVersion: "4",
  setProgrammingModel() {},
  registerFunction() {
    registered += 1;
    return { dispose() {} };
  },
  registerHook: () => ({ dispose() {} }),
  log() {},
};
const original = Module.prototype.require;
Module.prototype.require = function (id) {
  return id === "@azure/functions-core" ? core : Reflect.apply(original, this, [id]);
};

await import(pathToFileURL("dist/app.mjs").href);
console.log(registered);
process.exit();
