import { expect, test } from "vitest";
import { isDisabled } from "../../local/host/app-setting.ts";
import type { Binding } from "../../local/host/core-types.ts";
import { FunctionApp } from "../../local/host/function-app.ts";
import { readHostJson } from "../../local/host/host-json.ts";
import { serveFunction } from "../../local/host/serve-function.ts";

const settings = readHostJson("no such file");

function serve(
  trigger: Binding,
  { others = {}, retryOptions }: { others?: Record<string, Binding>; retryOptions?: object } = {},
) {
  const metadata = { name: "F", bindings: { trigger, ...others }, retryOptions };
  return serveFunction(
    new FunctionApp(() => {}),
    { name: "F", triggerName: "trigger", metadata, callback: () => {} },
    settings,
  );
}

const timer = { type: "timerTrigger", schedule: "0 0 0 * * *" };

test.for<[what: string, served: () => Promise<unknown>, message: string | RegExp]>([
  [
    "another trigger",
    () => serve({ type: "blobTrigger" }),
    "Function F has a trigger of type blobTrigger, which this host cannot serve",
  ],
  [
    "an output",
    () => serve(timer, { others: { q: { type: "queue" } } }),
    "Function F has a binding of type queue, which this host cannot serve",
  ],
  ["another result", () => serve(timer, { others: { $return: { type: "blob" } } }), /binding of type blob/],
  [
    "a retry policy",
    () => serve(timer, { retryOptions: {} }),
    "Function F has a retry policy, which this host cannot serve",
  ],
  [
    "no schedule",
    () => serve({ type: "timerTrigger" }),
    /^Function F: the schedule "" is not NCRONTAB with six fields/,
  ],
  [
    "no connection",
    () => serve({ type: "queueTrigger", queueName: "q", connection: "Nowhere" }),
    "Function F: the setting Nowhere (a storage connection string) is not set",
  ],
  [
    "no queue",
    () => serve({ type: "queueTrigger", queueName: "%NO_QUEUE%" }),
    'Function F: the setting NO_QUEUE (in "%NO_QUEUE%") is not set',
  ],
])("a function with %s is refused", async ([, served, message]) => {
  await expect(served()).rejects.toThrow(message);
});

test("an unreadable connection string is refused and never quoted", async () => {
  process.env.Unreadable = "AccountName=a;AccountKey=secret";
  const served = serve({ type: "queueTrigger", queueName: "q", connection: "Unreadable" });
  await expect(served).rejects.toThrow(/^Function F: its connection string cannot be read$/);
});

test("a schedule between percent signs is read from the setting", async () => {
  process.env.F_SCHEDULE = "0 */5 * * * *";
  const { about } = await serve({ type: "timerTrigger", schedule: "%F_SCHEDULE%" });
  expect(about("http://h")).toEqual({
    name: "F",
    triggerType: "timerTrigger",
    schedule: "0 */5 * * * *",
    invokeUrl: "http://h/admin/functions/F",
  });
});

test.each([
  ["1", true],
  ["true", true],
  ["0", false],
  ["", false],
])("with AzureWebJobs.F.Disabled=%j the schedule of F is disabled: %s", (value, expected) => {
  expect(isDisabled("F", { "AzureWebJobs.F.Disabled": value })).toBe(expected);
  expect(isDisabled("Other", { "AzureWebJobs.F.Disabled": value })).toBe(false);
});
