import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { LookupAddress } from "node:dns";
import { expect, onTestFinished, test, vi } from "vitest";
import { InvalidInput } from "../../shared/core/errors.ts";
import { checkCallback } from "../../shared/subscriptions/callback.ts";
import { createPost } from "../../shared/subscriptions/post.ts";
import { cert } from "./certificate.ts";
import { startSubscriber } from "./subscriber.ts";
import { NEVER } from "./world.ts";

const addresses = (...list: string[]): LookupAddress[] =>
  list.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

test("a request has the given body, headers, path and query unchanged", async () => {
  const { url, arrivals } = await startSubscriber(202);
  const post = createPost({ allowLoopback: true });
  const answer = await post(`${url}//a/../b?sig=%2F'x`, '{"text":"\u{1F4A1}"}', { "x-test": "1" });
  expect(answer).toEqual({ status: 202 });
  expect(arrivals).toEqual([
    {
      target: "/hook//a/../b?sig=%2F'x",
      headers: expect.objectContaining({ "x-test": "1", "content-length": "15" }),
      body: '{"text":"\u{1F4A1}"}',
    },
  ]);
});

test("credentials in the URL are sent as an authorization header", async () => {
  const { port, arrivals } = await startSubscriber();
  await createPost({ allowLoopback: true })(`http://us%40er:pw@127.0.0.1:${port}/hook`, "{}", {});
  expect(arrivals[0]).toMatchObject({
    target: "/hook",
    headers: { authorization: `Basic ${Buffer.from("us@er:pw").toString("base64")}` },
  });
});

test("a request on a reused connection that was closed is sent again", async () => {
  const subscriber = await startSubscriber((response, _, nth) => {
    // A server may close a keep-alive connection at any time.
    response.end("ok", () => nth === 2 && response.socket?.resetAndDestroy());
  });
  const post = createPost({ allowLoopback: true });
  for (let count = 0; count < 4; count += 1) {
    expect(await post(subscriber.url, "{}", {})).toEqual({ status: 200 });
  }
  expect(subscriber.arrivals).toHaveLength(4);
  expect(subscriber.connections).toBe(2);
});

test("https checks the certificate against the URL's name at the resolved address", async () => {
  const { port, arrivals } = await startSubscriber(200, { secure: true });
  const resolve = async () => addresses("127.0.0.1");
  const url = `https://hooks.example.com:${port}/hook`;
  expect(await createPost({ allowLoopback: true, resolve, ca: cert })(url, "{}", {})).toEqual({
    status: 200,
  });
  expect(arrivals[0]?.headers.host).toBe(`hooks.example.com:${port}`);
  expect(await createPost({ allowLoopback: true, resolve })(url, "{}", {})).toEqual({
    failure: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });
  const other = url.replace("hooks", "other");
  expect(await createPost({ allowLoopback: true, resolve, ca: cert })(other, "{}", {})).toEqual({
    failure: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  expect(arrivals).toHaveLength(1);
});

test.each([
  ["a loopback address", ["127.0.0.1"]],
  ["a private address", ["10.1.2.3"]],
  ["the metadata service of a cloud", ["169.254.169.254"]],
  ["a loopback address mapped into IPv6", ["::ffff:127.0.0.1"]],
  ["a loopback address beside a public one", ["93.184.216.34", "127.0.0.1"]],
  ["no address", []],
])("a name that resolves to %s is not called", async (_, list) => {
  const { port, arrivals } = await startSubscriber();
  const resolve = async () => addresses(...list);
  const post = createPost({ allowLoopback: false, resolve });
  expect(await post(`https://rebind.example.com:${port}/hook`, "{}", {})).toEqual({
    failure: "ENOTPUBLIC",
  });
  expect(arrivals).toEqual([]);

  const checked = checkCallback("https://rebind.example.com/hook", { allowLoopback: false }, resolve);
  if (list.length > 0) await expect(checked).rejects.toThrow(InvalidInput);
  else await checked;
});

test("a private address is not called when loopback is allowed", async () => {
  const post = createPost({ allowLoopback: true, resolve: async () => addresses("192.168.1.1") });
  expect(await post("http://router.example.com/", "{}", {})).toEqual({ failure: "ENOTPUBLIC" });
});

test("a name that resolves to a private address after its acceptance is not called", async () => {
  const { port, arrivals } = await startSubscriber();
  const answers = [addresses("93.184.216.34"), addresses("127.0.0.1")];
  let asked = 0;
  const resolve = async () => answers[asked++] ?? [];
  const url = `https://rebind.example.com:${port}/hook`;
  await checkCallback(url, { allowLoopback: false }, resolve);
  expect(await createPost({ allowLoopback: false, resolve })(url, "{}", {})).toEqual({
    failure: "ENOTPUBLIC",
  });
  expect(asked).toBe(2);
  expect(arrivals).toEqual([]);
});

test("a loopback URL that was stored under other rules is not called", async () => {
  const { url, arrivals } = await startSubscriber();
  expect(await createPost({ allowLoopback: false })(url, "{}", {})).toEqual({ failure: "ENOTPUBLIC" });
  expect(arrivals).toEqual([]);
});

test("a redirect is not followed", async () => {
  const inside = await startSubscriber();
  const outside = await startSubscriber((response) => {
    response.writeHead(307, { location: inside.url }).end();
  });
  expect(await createPost({ allowLoopback: true })(outside.url, "{}", {})).toEqual({ status: 307 });
  expect(inside.arrivals).toEqual([]);
});

test("a callback whose name does not resolve in time is accepted", async () => {
  const url = "https://later.example.com/hook";
  await checkCallback(url, { allowLoopback: false }, async () => {
    throw Object.assign(new Error(), { code: "ENOTFOUND" });
  });
  await checkCallback(url, { allowLoopback: false }, () => new Promise(() => {}), { patience: 5 });
});

const answerOf = async (script: Parameters<typeof startSubscriber>[0], timeLimit = NEVER) => {
  const { url } = await startSubscriber(script);
  return createPost({ allowLoopback: true, timeLimit })(url, "{}", {});
};

test("Retry-After is read in seconds and as a date", async () => {
  expect(await answerOf((response) => response.writeHead(429, { "retry-after": "2" }).end())).toEqual({
    status: 429,
    retryAfter: 2_000,
  });
  const now = Date.parse("2026-01-31T08:00:00Z");
  const headers = {
    date: new Date(now).toUTCString(),
    "retry-after": new Date(now + 90_000).toUTCString(),
  };
  expect(await answerOf((response) => response.writeHead(503, headers).end())).toEqual({
    status: 503,
    retryAfter: 90_000,
  });
  expect(await answerOf((response) => response.writeHead(503, { "retry-after": "soon" }).end())).toEqual({
    status: 503,
  });
});

test("a failed answer gives the code of its error, or else an excerpt of its body", async () => {
  const body = { error: { code: "WorkflowTriggerIsNotEnabled", message: "…" } };
  expect(await answerOf((response) => response.writeHead(400).end(JSON.stringify(body)))).toMatchObject({
    status: 400,
    code: "WorkflowTriggerIsNotEnabled",
  });
  expect(await answerOf((response) => response.writeHead(400).end("<html>"))).toEqual({
    status: 400,
    excerpt: "<html>",
  });
  expect(await answerOf((response) => response.writeHead(400).end('{"error":null}'))).toEqual({
    status: 400,
    excerpt: '{"error":null}',
  });
});

test("a callback that never answers is a TIMEOUT", async () => {
  expect(await answerOf(() => {}, 20)).toEqual({ failure: "TIMEOUT" });
});

test("an answer whose body never ends has its status", async () => {
  const timeLimit = new AbortController();
  vi.spyOn(AbortSignal, "timeout").mockReturnValueOnce(timeLimit.signal);
  // The time is over after the client has read the head of the answer.
  const endTime = () => void setImmediate(() => timeLimit.abort());
  subscribe("http.client.response.finish", endTime);
  onTestFinished(() => void unsubscribe("http.client.response.finish", endTime));
  expect(await answerOf((response) => response.writeHead(200).write("{"))).toEqual({ status: 200 });
});

test("a request that is reset, refused or not answered in HTTP has the error's code", async () => {
  expect(await answerOf((response) => response.socket?.resetAndDestroy())).toEqual({
    failure: "ECONNRESET",
  });
  expect(await answerOf((response) => response.socket?.end("hello\r\n\r\n"))).toEqual({
    failure: expect.stringMatching(/^HPE_/),
  });
  expect(
    await answerOf((response) => {
      response.socket?.end("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    }),
  ).toEqual({ failure: expect.stringMatching(/^E/) });
  // No server gets port 1 by chance, as it might get the port of a server that was closed.
  expect(await createPost({ allowLoopback: true })("http://127.0.0.1:1/", "{}", {})).toEqual({
    failure: "ECONNREFUSED",
  });
});

test("an answer that is too long closes the connection", async () => {
  let sent = 0;
  let closed = false;
  const answer = await answerOf((response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.once("close", () => {
      closed = true;
    });
    const pour = () => {
      while (!closed && response.write("x".repeat(1024))) sent += 1024;
      if (!closed) response.once("drain", pour);
    };
    pour();
  });
  expect(answer).toEqual({ status: 200 });
  await expect.poll(() => closed).toBe(true);
  expect(sent).toBeLessThan(16 * 1024 * 1024);
});
