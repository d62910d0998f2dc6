import { request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, basic, startApp, WEBHOOK } from "./start-app.ts";

let app: App;
let unstreamed: App;
beforeAll(async () => {
  [app, unstreamed] = await Promise.all([startApp(), startApp({ env: { HTTP_STREAMING: "off" } })]);
});
afterAll(() => Promise.all([app?.stop(), unstreamed?.stop()]));

/** Sends a body in chunks and without a Content-Length, as .NET's `PostAsJsonAsync` does. */
function sendChunked(url: string, body: string, headers: Record<string, string>) {
  return new Promise<{ status?: number; body: string }>((resolve, reject) => {
    const request = httpRequest(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const { statusCode: status } = response;
      text(response).then((body) => resolve({ status, body }), reject);
    });
    for (let at = 0; at < body.length; at += 60_000) request.write(body.slice(at, at + 60_000));
    request.end();
  });
}

const ticket = JSON.stringify({ message: "The lamp stays dark.", requester: { mail: "vera@example.com" } });
const delivery = (id: string, size: number) =>
  JSON.stringify({
    event_type: "chat_ended",
    chat: { id, messages: [{ user_type: "visitor", text: "x".repeat(size) }] },
  });

test("a POST /tickets with a chunked body is 201", async () => {
  const { status, body } = await sendChunked(`${app.url}/tickets`, ticket, {});
  expect(status).toBe(201);
  expect(JSON.parse(body)).toMatchObject({ status: "open" });
});

test.each([10, 8 * 1024 * 1024])(
  "a delivery of %d characters with a chunked body is stored",
  async (size) => {
    const authorization = basic(WEBHOOK);
    const { status, body } = await sendChunked(
      `${app.url}/receivers/chat-ended`,
      delivery(`C${size}`, size),
      {
        authorization,
      },
    );
    expect(JSON.parse(body)).toMatchObject({ status: "stored" });
    expect(status).toBe(200);
  },
);

test("with HTTP_STREAMING=off a chunked body is lost", async () => {
  expect((await sendChunked(`${unstreamed.url}/tickets`, ticket, {})).status).toBe(400);
});

test("with HTTP_STREAMING=off a body with Content-Length arrives", async () => {
  expect((await unstreamed.call("POST", "/tickets", JSON.parse(ticket))).status).toBe(201);
  expect((await unstreamed.deliver("chat-ended", delivery("C1", 10))).body.status).toBe("stored");
});

test("a repeated query parameter has the same value with and without streaming", async () => {
  const answers = await Promise.all(
    [app, unstreamed].map((one) => one.call("GET", "/agents?status=offline&status=online")),
  );
  expect(answers[0]?.status).toBe(400);
  expect(answers[1]?.body).toEqual(answers[0]?.body);
});

test("large bodies of callers without credentials take no memory", async () => {
  const before = await peakMemory(app);
  const body = "x".repeat(15 * 1024 * 1024);
  const statuses = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const answer = await sendChunked(`${app.url}/receivers/chat-ended`, body, {}).catch(() => undefined);
      return answer?.status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([401]));
  // The refused bodies have 180 MiB in total. Without streaming the host would keep all of them, beside its garbage.
  expect((await peakMemory(app)) - before).toBeLessThan(150);
});

/** The largest resident size so far, in MiB; 0 on a system without /proc. */
async function peakMemory({ process }: App): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const status = await readFile(`/proc/${process.pid}/status`, "utf8").catch(() => "");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}
