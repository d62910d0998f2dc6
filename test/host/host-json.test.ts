import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readHostJson } from "../../local/host/host-json.ts";
import { loadLocalSettings } from "../../local/host/local-settings.ts";

const directory = mkdtempSync(join(tmpdir(), "host-json-"));
afterAll(() => rmSync(directory, { recursive: true }));

let count = 0;
function file(content: unknown): string {
  const path = join(directory, `${count++}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const queues = (section: object) => readHostJson(file({ extensions: { queues: section } })).queues;

test("without host.json the settings are the real host's defaults", () => {
  expect(readHostJson(join(directory, "none"))).toEqual({
    routePrefix: "api",
    queues: {
      batchSize: 16,
      newBatchThreshold: 8,
      maxDequeueCount: 5,
      maxPollingInterval: 60_000,
      visibilityTimeout: 0,
    },
  });
});

test("with the project's host.json a queue message starts its function within a second", () => {
  const settings = readHostJson(resolve(import.meta.dirname, "../../host.json"));
  expect(settings.routePrefix).toBe("api");
  expect(settings.queues.maxPollingInterval).toBeLessThanOrEqual(1000);
});

test("the route prefix of host.json can be empty and loses its slashes", () => {
  expect(readHostJson(file({ extensions: { http: { routePrefix: "" } } })).routePrefix).toBe("");
  expect(readHostJson(file({ extensions: { http: { routePrefix: "/v1/x/" } } })).routePrefix).toBe("v1/x");
});

test("a time span of host.json is read with days and milliseconds", () => {
  expect(queues({ maxPollingInterval: "00:00:00.250" }).maxPollingInterval).toBe(250);
  expect(queues({ visibilityTimeout: "1.02:03:04" }).visibilityTimeout).toBe(93_784_000);
});

test.for([
  [{ batchSize: 33 }, "batchSize is not an integer from 1 to 32"],
  [{ batchSize: "16" }, "batchSize is not an integer"],
  [{ maxDequeueCount: 0 }, "maxDequeueCount is not an integer"],
  [{ maxPollingInterval: 2000 }, "maxPollingInterval is not a time span such as 00:00:30"],
  [{ messageEncoding: "utf8" }, "messageEncoding is not base64"],
] as const)("host.json with the queues section %o is refused", ([section, why]) => {
  expect(() => queues(section)).toThrow(why);
});

test("local settings fill in unset variables and change no others", () => {
  const env: NodeJS.ProcessEnv = { SET: "stays", EMPTY: "" };
  loadLocalSettings(env, file(`\uFEFF${JSON.stringify({ Values: { SET: "x", EMPTY: "x", NEW: "y" } })}`));
  expect(env).toEqual({ SET: "stays", EMPTY: "", NEW: "y" });
  loadLocalSettings(env, join(directory, "none"));
  loadLocalSettings(env, file({}));
});

test.for([
  ["{", "is not valid JSON, in line 1, column 2"],
  ["[]", "is not a JSON object"],
  [{ Values: ["secret"] }, "Values is not an object"],
  [{ Values: { A: 1 } }, "the value of A is not a string"],
  [{ IsEncrypted: true, Values: {} }, "is encrypted: func settings decrypt"],
] as const)("the local settings %j are refused", ([content, why]) => {
  expect(() => loadLocalSettings({}, file(content))).toThrow(why);
});
