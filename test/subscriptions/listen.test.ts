import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { listen } from "../../scripts/listen/listen.ts";
import { newSecret } from "../../shared/subscriptions/sign.ts";
import { type App, startApp } from "../app/start-app.ts";
import { startSubscriber } from "./subscriber.ts";
import { arrived, idsOf } from "./world.ts";

const KEY = "a key of the functions";
let app: App;
beforeAll(async () => {
  app = await startApp({ env: { LOCAL_FUNCTION_KEY: KEY }, flags: ["--enable-auth"] });
});
afterAll(() => app?.stop());

let chats = 0;
const chat = (event_type = "chat_started") => ({
  event_type,
  license_id: "12345678",
  token: "a-token",
  chat: { id: `C${++chats}`, started_timestamp: 1_768_000_000 + chats, ended_timestamp: 1_768_000_100 },
});

/** Runs the command and collects the lines that it prints. */
function run(...args: string[]) {
  const child = spawn(process.execPath, ["scripts/listen.ts", ...args], {
    env: { PATH: process.env.PATH, FUNCTION_KEY: KEY },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => lines.push(line));
  }
  // After `close`, all lines were read.
  const ended = once(child, "close").then(([code]) => code);
  onTestFinished(() => void child.kill("SIGTERM"));
  return { lines, ended, child };
}
const from = () => app.url.replace(/\/api$/, "");

test("listen sends new events of the app, signed, to a local URL", async () => {
  const subscriber = await startSubscriber((response, _, nth) =>
    response.writeHead(nth === 1 ? 500 : 200).end(),
  );
  await app.deliver("chat-started", chat());
  const { lines, child, ended } = run(subscriber.url, "--from", from());
  await expect.poll(() => lines.join("\n")).toContain("listening from place");
  const secret = /whsec_\S+/.exec(lines.join("\n"))?.[0] ?? "";
  const ids = [
    (await app.deliver("chat-started", chat())).body.id,
    (await app.deliver("chat-ended", chat("chat_ended"))).body.id,
  ];
  await arrived(subscriber, 2);
  expect(idsOf(subscriber.arrivals)).toEqual(ids);
  for (const { body, headers } of subscriber.arrivals) {
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toHaveProperty("chat");
  }
  const answers = () => lines.filter((line) => / 500 | 200 /.test(line));
  await expect.poll(() => answers().length).toBe(2);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

test("listen sends the events of --after and --types in the format of --format", async () => {
  const subscriber = await startSubscriber();
  const deliver = async (body: ReturnType<typeof chat>) =>
    (await app.deliver(body.event_type.replace("_", "-"), body)).body.id;
  const ids = [await deliver(chat()), await deliver(chat("chat_ended")), await deliver(chat())];
  const { seq } = (await app.call("GET", `/events/${ids[0]}`, undefined, { "x-functions-key": KEY })).body;
  const options = ["--after", `${seq - 1}`, "--types", "chat_started", "--format", "cloudevents"];
  run(subscriber.url, "--from", from(), ...options);
  await arrived(subscriber, 2);
  expect(idsOf(subscriber.arrivals)).toEqual([ids[0], ids[2]]);
  for (const { headers } of subscriber.arrivals) expect(headers["ce-type"]).toBe("com.livechat.chat_started");
});

test.each([
  [["nowhere"], 2, "npm run listen"],
  [["http://localhost:1/", "--types", "chat_paused"], 2, "npm run listen"],
  [["http://localhost:1/", "--after", "-1"], 2, "npm run listen"],
  [["http://localhost:1/", "--colour", "red"], 2, "colour"],
  [["http://localhost:1/", "--secret", "abc"], 2, "--secret"],
  [["http://localhost:1/", "http://localhost:2/"], 2, "One URL"],
])("listen with the arguments %j prints the usage and ends with an error", async (args, code, text) => {
  const { lines, ended } = run(...args);
  expect(await ended).toBe(code);
  expect(lines.join("\n")).toContain(text);
});

test("listen ends with an error when the app refuses the key", async () => {
  const { lines, ended } = run("http://localhost:1/", "--from", from(), "--key", "wrong");
  expect(await ended).toBe(1);
  expect(lines.join("\n")).toContain("the app refuses the key");
});

test("listen ends with the app's reason when the log has no place --after", async () => {
  const { lines, ended } = run("http://localhost:1/", "--from", from(), "--after", "99999");
  expect(await ended).toBe(1);
  expect(lines.at(-1)).toMatch(/^listen: after is 99999, and the log ends at \d+/);
});

test("listen says that it starts at the beginning of a replaced log", async () => {
  const asked: (string | undefined)[] = [];
  const stop = new AbortController();
  const server = createServer((request, response) => {
    asked.push(request.url);
    if (asked.length === 4) stop.abort();
    const isReplaced = asked.length === 3;
    const page = { items: [], next: 5, head: 5 };
    response.writeHead(isReplaced ? 400 : 200).end(JSON.stringify(isReplaced ? { detail: "gone" } : page));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const lines: string[] = [];
  await listen({
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    url: "http://127.0.0.1:1/",
    format: "payload",
    secret: newSecret(),
    print: (line) => lines.push(line),
    signal: stop.signal,
  });
  server.close();
  expect(asked).toEqual(["/events?limit=1", "/events?after=5", "/events?after=5", "/events?after=0"]);
  expect(lines).toEqual(["listening from place 5 on", "the log was replaced: listening from its beginning"]);
});
