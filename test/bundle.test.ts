import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { operations } from "../functions/operations.ts";
import { timers } from "../functions/timers.ts";
import { importedBy, measureColdStart } from "../scripts/bench/cold-start.ts";
import { startApp } from "./app/start-app.ts";

test("the bundle registers every function and has at most 110 KB", () => {
  const { functions, bundleKb } = measureColdStart(1);
  expect(functions).toBe(operations.length + timers({}).length);
  // Three quarters are `@azure/functions`. The operations, which the first request loads, would double the size.
  expect(bundleKb).toBeGreaterThan(75);
  expect(bundleKb).toBeLessThan(110);
});

test("the bundle loads with at most 3.5 times the CPU time of Node's own start", () => {
  expect(measureColdStart(5).ratio).toBeLessThan(3.5);
});

test("the first delivery loads at most three files and no client, parser or exporter", () => {
  const receivers = readdirSync("dist/chunks").find((name) => name.startsWith("receivers-"));
  const loaded = [...importedBy(`dist/chunks/${receivers}`)];
  expect(loaded.length).toBeLessThan(4);
  const text = loaded.map((file) => readFileSync(file, "utf8")).join("");
  expect(text).toContain("x-ms-client-request-id");
  expect(text).not.toMatch(/KyError|XMLParser|InstrumentationKey/);
});

test("an instance loads the receivers' code after its functions, before any call", () => {
  const printed = execFileSync(process.execPath, ["test/fixtures/load-ahead.mjs"], { encoding: "utf8" });
  expect(printed.trim().split("\n")).toEqual(["functions registered", "receivers loaded"]);
});

test("an XML error of a proxy in front of storage becomes a logged 503", async () => {
  const storage = createServer((_, response) => {
    response.writeHead(403, { "content-type": "application/xml" });
    response.end(
      '<?xml version="1.0"?><Error><Code>AuthorizationFailure</Code><Message>no</Message></Error>',
    );
  });
  await once(storage.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(storage.address() as AddressInfo).port}/account`;
  const LiveChatStorage = `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;TableEndpoint=${endpoint}`;
  const app = await startApp({ env: { LiveChatStorage } });
  const { status, body } = await app.call("GET", "/events");
  await app.stop();
  storage.close();
  expect(status).toBe(503);
  expect(body.detail).toBe("Storage refuses the app's credentials.");
  expect(app.log.join()).toContain("403 RestError");
});

test("requests to storage go through the proxy of the environment", async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer().on("connect", ({ url }, socket) => {
    asked.push(url);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const LiveChatStorage =
    "DefaultEndpointsProtocol=https;AccountName=account;AccountKey=a2V5;EndpointSuffix=e.test";
  const app = await startApp({ env: { LiveChatStorage, HTTPS_PROXY } });
  const { status } = await app.call("GET", "/events");
  await app.stop();
  proxy.close();
  expect(status).toBe(503);
  expect(asked).toContain("account.table.e.test:443");
});

test("@azure/identity is not deployed", () => {
  const chunks = readdirSync("dist/chunks").map((name) => readFileSync(`dist/chunks/${name}`, "utf8"));
  expect(chunks.length).toBeGreaterThan(10);
  for (const chunk of chunks) expect(chunk).not.toContain("ManagedIdentityCredential");
});

test("every operation has a unique id and a unique method and route", () => {
  const ids = operations.map(({ id }) => id);
  const calls = operations.map(({ method, route }) => `${method} ${route.replaceAll(/\{[^}]+\}/g, "{}")}`);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(calls).size).toBe(calls.length);
});

test("a build writes no TypeScript and no source maps to dist/", () => {
  const files = readdirSync("dist", { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(`dist/${name}`).isFile(),
  );
  expect(files).toContain("app.mjs");
  expect(files.filter((name) => name.endsWith(".ts") || name.endsWith(".map"))).toEqual([]);
});
