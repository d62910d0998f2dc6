import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { type App, startApp } from "../app/start-app.ts";
import { freePort } from "../free-port.ts";
import { CHROMIUM, chat, dataIsShown, launch, openTab, poll } from "./browser.ts";

describe.skipIf(CHROMIUM === undefined)("an open page of the console", () => {
  const unique = crypto.randomUUID().replaceAll("-", "");
  let location: string;
  let ports: { table: number; queue: number; blob: number };
  let azurite: Azurite;
  let browser: Browser;
  let app: App;

  beforeAll(async () => {
    location = await mkdtemp(join(tmpdir(), "outage-"));
    const [first, port] = await Promise.all([freePort(3), freePort()]);
    ports = { table: first, queue: first + 1, blob: first + 2 };
    [azurite, browser] = await Promise.all([startAzurite({ location, ports }), launch()]);
    app = await start(port);
    await app.deliver("chat-ended", chat("KEPT", ["Words that stay"]));
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), app?.stop()]);
    await azurite?.stop();
    await rm(location, { recursive: true, force: true });
  });

  const start = (port: number) =>
    startApp({
      env: { LiveChatStorage: azurite.connectionString, EVENTS_TABLE: `Events${unique}` },
      flags: ["--port", String(port)],
    });

  const isStale = async (page: Page, problem: string) => {
    await poll(page, () => page.getByText(problem).count()).toBeGreaterThan(0);
    await page
      .getByText(/This data is from \d/)
      .first()
      .waitFor();
    await page.getByText("not current").waitFor();
    await page.getByText(/Data from .+ ago/).waitFor();
  };
  const recovers = async (page: Page, problem: string) => {
    const left = () => page.getByText(problem).or(page.getByText("not current")).count();
    await poll(page, left).toBe(0);
  };

  test("polls for unchanged data are answered 304", async () => {
    const { page, close } = await openTab(browser, app.url, "", { clock: true });
    const answers = new Map<string, number>();
    page.on("response", (response) => {
      answers.set(new URL(response.url()).pathname.replace("/api/", ""), response.status());
    });
    for (const [path, calls] of [
      ["", ["chats", "reconcile/tickets", "stats/events", "status", "subscriptions"]],
      ["/chats/KEPT", ["chats/KEPT"]],
    ] as const) {
      const answered = () => calls.map((call) => answers.get(call));
      await page.goto(`${app.url}/console${path}`);
      await expect.poll(answered).toEqual(calls.map(() => 200));
      await dataIsShown(page);
      await poll(page, answered).toEqual(calls.map(() => 304));
    }
    await close();
  });

  test("an open console keeps its place and data until storage works again", async () => {
    const list = await openTab(browser, app.url, "/events?type=chat_ended", { clock: true });
    const detail = await openTab(browser, app.url, "/chats/KEPT", { clock: true });
    await list.page.getByRole("link", { name: "KEPT" }).waitFor();
    await detail.page.getByText("Words that stay").waitFor();

    await azurite.stop();
    await Promise.all([list, detail].map(({ page }) => isStale(page, "Storage is not available")));
    expect(await list.page.getByRole("link", { name: "KEPT" }).count()).toBe(1);
    expect(new URL(list.page.url()).search).toBe("?type=chat_ended");
    expect(await detail.page.getByText("Words that stay").count()).toBe(1);
    // A page that was opened during the outage shows its data after it.
    await list.page.getByRole("link", { name: "1", exact: true }).click();
    await list.page.getByRole("heading", { name: "Event", level: 1, exact: true }).waitFor();
    await list.page.getByText("Storage is not available").first().waitFor();

    azurite = await startAzurite({ location, ports });
    await Promise.all([list, detail].map(({ page }) => recovers(page, "Storage is not available")));
    await list.page.getByText("Stored at place 1").waitFor();
    for (const { close, mishaps } of [list, detail]) {
      expect(mishaps).toEqual([]);
      await close();
    }
  });

  test("an open console keeps its data until the app works again", async () => {
    const { page, close, mishaps } = await openTab(browser, app.url, "/chats", { clock: true });
    await page.getByRole("link", { name: "KEPT" }).waitFor();
    app.process.kill("SIGKILL");
    await app.stop();
    await isStale(page, "The app cannot be reached");
    expect(await page.getByRole("link", { name: "KEPT" }).count()).toBe(1);

    app = await start(Number(new URL(app.url).port));
    await app.deliver("chat-ended", chat("LATER", ["Hi"]));
    await recovers(page, "The app cannot be reached");
    await page.getByRole("button", { name: "1 new" }).click();
    await page.getByRole("link", { name: "LATER" }).waitFor();
    expect(mishaps).toEqual([]);
    await close();
  });
});
