import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { CHROMIUM, chat, useConsole } from "./browser.ts";
import { startCallback } from "./callback.ts";

describe.skipIf(CHROMIUM === undefined)("actions of the console", () => {
  const tests = useConsole({
    env: { ALLOW_LOOPBACK_CALLBACKS: "true", WEBHOOK_BASE_URL: "http://127.0.0.1:9" },
  });
  const { open, deliver } = tests;
  const subscribe = async (body: object): Promise<string> =>
    (await tests.app.call("POST", "/subscriptions", body)).body.id;

  test("a resumed subscription gets its refused event", async () => {
    const callback = await startCallback();
    try {
      const id = await subscribe({ url: callback.url, policy: "block" });
      await deliver(chat("WAITS", ["Hi"]));
      const standing = async () => (await tests.app.call("GET", `/subscriptions/${id}`)).body;
      // The page would show the state only at its next poll, in 15 seconds.
      await expect.poll(async () => (await standing()).state).toBe("retrying");
      const { page, mishaps, close } = await open(`/subscriptions/${id}`);
      await page.getByText("retrying").waitFor();
      callback.accept();
      await page.getByRole("button", { name: "Resume", exact: true }).last().click();
      await page.getByRole("status").getByText("Resumed").waitFor();
      await expect.poll(async () => (await standing()).lag).toBe(0);
      expect(mishaps).toEqual([]);
      await close();
    } finally {
      await callback.close();
    }
  });

  test("a test of a subscription shows the callback's answer", async () => {
    const callback = await startCallback();
    try {
      const id = await subscribe({ url: callback.url });
      const { page, close } = await open(`/subscriptions/${id}`);
      await page.getByRole("button", { name: "Send a test" }).click();
      await page.getByText('The test failed: answered 400, "what the callback says"').waitFor();
      callback.accept();
      await page.getByRole("button", { name: "Send a test" }).click();
      await page.getByText("The test arrived: answered 200").waitFor();
      await close();
    } finally {
      await callback.close();
    }
  });

  test("a new secret of a subscription is shown once and can be copied", async () => {
    const id = await subscribe({ url: "http://127.0.0.1:9/hook" });
    const { page, close } = await openForCopying(`/subscriptions/${id}`);
    await page.getByRole("button", { name: "Roll secret" }).click();
    await page
      .getByRole("dialog", { name: "Roll secret" })
      .getByRole("button", { name: "Roll secret" })
      .click();
    const dialog = page.getByRole("dialog", { name: "New secret" });
    const secret = await dialog.locator("code").innerText();
    expect(secret).toMatch(/^whsec_/);
    await dialog.getByRole("button", { name: "Copy" }).click();
    await page.getByText("Copied").waitFor();
    expect(await copied(page)).toBe(secret);
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByText(secret).waitFor({ state: "detached" });
    await close();
  });

  test("a subscription is ended only after a typed confirmation", async () => {
    const id = await subscribe({ url: "http://127.0.0.1:9/hook" });
    const { page, close } = await open(`/subscriptions/${id}`);
    await page.getByRole("button", { name: "End the subscription" }).click();
    const dialog = page.getByRole("dialog", { name: "End the subscription" });
    await dialog.getByRole("button", { name: "End the subscription" }).click();
    expect((await tests.app.call("GET", `/subscriptions/${id}`)).status).toBe(200);
    await dialog.getByRole("textbox").fill("end");
    await dialog.getByRole("button", { name: "End the subscription" }).click();
    await page.getByText("The subscription is ended").waitFor();
    await page.getByRole("heading", { name: "Subscriptions", level: 1 }).waitFor();
    expect((await tests.app.call("GET", `/subscriptions/${id}`)).status).toBe(404);
    await close();
  });

  test("the call of an event is copied for curl without a key", async () => {
    await deliver(chat("CURLED", ["Hi"]));
    const { body } = await tests.app.call("GET", "/events?chat_id=CURLED");
    const { page, close } = await openForCopying(`/events/${body.items[0].id}`);
    await page.getByRole("button", { name: "Copy as curl" }).click();
    await page.getByText("reads the key from the variable FUNCTION_KEY").waitFor();
    const [, url = ""] = /^curl -H "x-functions-key: \$FUNCTION_KEY" "(.+)"$/.exec(await copied(page)) ?? [];
    expect(await (await fetch(url)).json()).toMatchObject({ chatId: "CURLED" });
    await close();
  });

  test("the table shows the webhooks after their registration at LiveChat", async () => {
    const { page, mishaps, close } = await open("/health");
    const table = page.getByRole("table", { name: "Registrations" });
    await expect.poll(() => table.locator(".state", { hasText: "missing" }).count()).toBe(3);
    await page.getByRole("button", { name: "Register the webhooks now" }).click();
    await page.getByText("Registered 3 webhooks, removed 0").waitFor();
    await expect.poll(() => table.locator(".state", { hasText: "ok" }).count()).toBe(3);
    const checks = page.getByRole("table", { name: "Checks, the worst first" });
    await checks.getByText("Each of LiveChat's webhooks is registered once.").waitFor();
    expect(mishaps).toEqual([]);
    await close();
  });

  test("a chat is exported as a file with its content", async () => {
    await deliver(chat("EXPORTED", ["Take me along"]));
    const { page, close } = await open("/chats/EXPORTED");
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe("chat.json");
    const { body } = await tests.app.call("GET", "/chats/EXPORTED");
    expect(JSON.parse(await readFile(await file.path(), "utf8"))).toEqual(body);
    await close();
  });

  test("a run for tickets by hand is the first in the table", async () => {
    await tests.app.call("POST", "/tickets", {
      message: "Hello",
      requester: { mail: "rita@example.com" },
    });
    const { page, mishaps, close } = await open("/reconciliation");
    await page.getByText("No run yet").waitFor();
    await page.getByRole("button", { name: "Run for tickets now" }).click();
    await page.getByText(/completed: \d+ added, 0 changed, \d+ recovered, 0 deleted/).waitFor();
    const runs = page.getByRole("table", { name: "Runs for tickets, the latest first" });
    await runs.getByText("all tickets, for the first time").waitFor();
    expect((await tests.app.call("GET", "/reconcile/tickets")).body.runs).toHaveLength(1);
    expect(mishaps).toEqual([]);
    await close();
  });

  function openForCopying(path: string) {
    return open(path, { permissions: ["clipboard-read", "clipboard-write"] });
  }
});

function copied(page: Page): Promise<string> {
  return page.evaluate<string>("navigator.clipboard.readText()");
}
