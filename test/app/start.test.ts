import { cp, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startApp } from "./start-app.ts";

test("with missing or wrong settings, npm start names them in one line and exits", async () => {
  const start = startApp({ env: { LIVECHAT_API_KEY: "", LIVECHAT_RATE_LIMIT: "lots" } });
  await expect(start).rejects.toThrow(
    /^The host ended with 1:\nSettings: LIVECHAT_API_KEY is missing; LIVECHAT_RATE_LIMIT must be a whole number from 1 to 999999\. See local\.settings\.sample\.json\.$/,
  );
});

test("a deployed app with a wrong setting names it in every answer and exits with 0", async () => {
  const app = await startApp({ env: { LIVECHAT_RATE_LIMIT: "lots" }, flags: ["--app", "dist/app.mjs"] });
  const errors = [{ path: "LIVECHAT_RATE_LIMIT", message: "must be a whole number from 1 to 999999" }];
  for (const path of ["/agents", "/events", "/registration", "/reconcile/tickets"]) {
    expect(await app.call("GET", path)).toMatchObject({ status: 503, body: { errors } });
  }
  expect(await app.call("GET", "/health")).toMatchObject({ status: 503, body: { status: "bad" } });
  expect(await app.call("GET", "/status")).toMatchObject({ status: 200, body: { status: "bad" } });
  await app.stop();
  expect(app.process.exitCode).toBe(0);
});

test("with --enable-auth every function requires the key, except receivers and Health", async () => {
  const app = await startApp({ env: { LOCAL_FUNCTION_KEY: "a-key" }, flags: ["--enable-auth"] });
  expect((await app.call("GET", "/agents")).status).toBe(401);
  expect((await app.call("GET", "/agents", undefined, { "x-functions-key": "a-key" })).status).toBe(200);
  expect((await app.call("GET", "/agents?code=a-key")).status).toBe(200);
  expect((await app.call("GET", "/health")).status).toBe(200);
  expect(await app.call("HEAD", "/health")).toMatchObject({ status: 200, body: "" });
  const delivered = await app.deliver("chat-ended", { event_type: "chat_ended", chat: { id: "C" } });
  expect(delivered).toMatchObject({ status: 200, body: { status: "stored" } });
  await app.stop();
  expect(app.log.join("\n")).not.toContain("a-key");
});

test("code that failed to load is loaded again by the next request", async () => {
  const copy = await mkdtemp(join(tmpdir(), "app-"));
  await cp("dist", copy, { recursive: true });
  const app = await startApp({ flags: ["--app", join(copy, "app.mjs")] });
  await rename(join(copy, "chunks"), join(copy, "gone"));
  const failed = await app.call("GET", "/agents");
  expect(failed).toMatchObject({ status: 500, body: { type: "urn:livechat-functions:problem:defect" } });
  await rename(join(copy, "gone"), join(copy, "chunks"));
  expect((await app.call("GET", "/agents")).status).toBe(200);
  await app.stop();
  await rm(copy, { recursive: true });
});
