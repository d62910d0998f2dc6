import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type App, startApp } from "../app/start-app.ts";
import { CHROMIUM, launch, openTab } from "./browser.ts";

const KEY = "a function key";
const PAGES = [
  "",
  "/events",
  "/chats",
  "/tickets",
  "/subscriptions",
  "/reconciliation",
  "/quarantine",
  "/health",
];

/** A chat as LiveChat's webhook brings it. */
function chat(
  id: string,
  texts: readonly string[],
  visitor: object = { name: "Vera", email: "vera@example.com" },
) {
  const at = 1_768_470_000;
  return {
    event_type: "chat_ended",
    license_id: "12345678",
    chat: {
      id,
      started_timestamp: at,
      ended_timestamp: at + 90,
      url: "https://shop.example/",
      messages: texts.map((text, index) => ({
        user_type: index % 2 === 0 ? "visitor" : "agent",
        author_name: index % 2 === 0 ? "Vera" : "Sam",
        text,
        timestamp: at + index * 10,
      })),
      events: [],
      agents: [{ name: "Sam", login: "sam@example.com" }],
      tags: ["lamp"],
      groups: [0],
    },
    visitor,
    pre_chat_survey: [],
  };
}

describe.skipIf(CHROMIUM === undefined)("the console in a browser", () => {
  let browser: Browser;
  let app: App;

  beforeAll(async () => {
    [browser, app] = await Promise.all([launch(), startApp({ env: { ALLOW_LOOPBACK_CALLBACKS: "true" } })]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  const open = (path = "", options = {}) => openTab(browser, app.url, path, options);
  const deliver = async (body: object) => {
    const { status } = await app.deliver("chat-ended", body);
    expect(status).toBe(200);
  };

  test("a wrong key is asked for again, and the right one opens the page that was asked for", async () => {
    const guarded = await startApp({ env: { LOCAL_FUNCTION_KEY: KEY }, flags: ["--enable-auth"] });
    try {
      const { page, requests, close } = await openTab(browser, guarded.url, "/events?type=chat_ended");
      const field = page.locator("input[name=key]");
      await field.fill("another");
      await page.getByRole("button", { name: "Open the console" }).click();
      await page.getByText("The app refuses this key").waitFor();
      await field.fill(KEY);
      await page.getByRole("button", { name: "Open the console" }).click();
      await page.getByText("The log is empty").waitFor();

      expect(new URL(page.url()).search).toBe("?type=chat_ended");
      const stored = await page.evaluate<string>(
        "JSON.stringify([{ ...localStorage }, { ...sessionStorage }])",
      );
      for (const text of [...requests, stored, guarded.log.join()]) expect(text).not.toContain(KEY);
      await close();
    } finally {
      await guarded.stop();
    }
  });

  test("an event that comes while the page is open is offered, and shown when it is asked for", async () => {
    const { page, mishaps, close } = await open("/events", { clock: true });
    await page.getByRole("heading", { name: "Events" }).waitFor();
    await page
      .getByText(/The log is empty|Seq/)
      .first()
      .waitFor();
    // Nothing is read in an empty list, so the first event is shown at once.
    await deliver(chat("LIVE0", ["Hi"]));
    await page.clock.fastForward(16_000);
    await page.getByRole("link", { name: "LIVE0" }).waitFor();
    await deliver(chat("LIVE1", ["Hello"]));
    await page.clock.fastForward(16_000);
    await page.getByRole("button", { name: "1 new" }).waitFor();
    expect(await page.getByRole("link", { name: "LIVE1" }).count()).toBe(0);
    await page.getByRole("button", { name: "1 new" }).click();
    await page.getByRole("link", { name: "LIVE1" }).click();
    await page.getByText("Hello").waitFor();
    expect(mishaps).toEqual([]);
    await close();
  });

  test("the hostile words of a stranger stay words", async () => {
    const HOSTILE = [
      `<script>alert(1)</script><img src=x onerror="alert(2)">`,
      `<svg onload=alert(3)><a href="javascript:alert(4)">here</a>`,
      "https://evil.example/track.png",
      "\u202egnp.exe\u202c and \u0000 and \u200b",
      "x".repeat(100_000),
    ];
    const name = `"><script>alert(5)</script>\u202e`;
    await deliver(
      chat("HOSTILE", HOSTILE, { name, email: "eve@evil.example", page_current: "javascript:alert(6)" }),
    );
    const { page, mishaps, requests, close } = await open("/chats/HOSTILE");
    await page.getByText("<script>alert(1)</script>").first().waitFor();
    expect(
      await page
        .locator("main script, main img, main svg, main a[href^='javascript'], main a[href*='evil']")
        .count(),
    ).toBe(0);
    expect(await page.getByText("U+202E").count()).toBeGreaterThan(0);
    await page.getByRole("button", { name: "more characters" }).click();
    for (const path of ["/chats", "/events"]) {
      await page.goto(`${app.url}/console${path}`);
      await page
        .getByText(/HOSTILE/)
        .first()
        .waitFor();
    }
    await page.getByRole("link", { name: /^\d+$/ }).first().click();
    await page.getByText("Payload").waitFor();
    expect(mishaps).toEqual([]);
    expect(requests.filter((url) => url.includes("evil"))).toEqual([]);
    await close();
  });

  test("an event that a callback refuses can be skipped, seen among the parked ones, and sent again", async () => {
    const callback = await startCallback();
    try {
      const { body: made } = await app.call("POST", "/subscriptions", { url: callback.url, policy: "block" });
      await deliver(chat("REFUSED", ["bad"]));
      await callback.refusedOnce;
      const { page, mishaps, close } = await open(`/subscriptions/${made.id}`);
      await page.getByRole("button", { name: "Skip the waiting event" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Skip the waiting event" }).click();
      await page.getByText("Parked events: 1").waitFor();
      await page.getByText("up to date").waitFor();
      callback.accept();
      await page.getByRole("button", { name: "Send again" }).click();
      await page.getByText("Arrived").waitFor();
      await page.getByText("Parked events: 1").waitFor({ state: "detached" });
      expect(mishaps).toEqual([]);
      await close();
    } finally {
      await callback.close();
    }
  });

  test("a group of the quarantine is replayed with a result for each delivery", async () => {
    await deliver({ event_type: "chat_ended", license_id: "12345678", odd: 1 });
    await deliver({ event_type: "chat_ended", license_id: "12345678", odd: 2 });
    const { page, close } = await open("/quarantine");
    await page.getByRole("button", { name: "Replay all 2" }).click();
    await page.getByText("0 of 2 are in the log now").waitFor();
    expect(await page.getByText("still not understood").count()).toBe(2);
    await close();
  });

  test("every page can be reached by the keyboard alone", async () => {
    const { page, close } = await open();
    const headings = {
      e: "Events",
      c: "Chats",
      t: "Tickets",
      s: "Subscriptions",
      r: "Reconciliation",
      q: "Quarantine",
      h: "Health",
      n: "Now",
    };
    await page.getByRole("heading", { name: "Now", exact: true }).waitFor();
    for (const [key, name] of Object.entries(headings)) {
      await page.keyboard.press("g");
      await page.keyboard.press(key);
      await page.getByRole("heading", { name, level: 1 }).waitFor();
    }
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.getByRole("textbox", { name: "Id" }).fill("HOSTILE");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Chat", level: 1 }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("e");
    await page.locator("tbody tr").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Event", level: 1 }).waitFor();
    await close();
  });

  test.each(["light", "dark"] as const)("axe finds nothing on any page in %s", async (colorScheme) => {
    const { page, close } = await open("", { colorScheme });
    const { body } = await app.call("GET", "/events?limit=1");
    const [event] = body.items;
    for (const path of [...PAGES, `/events/${event.id}`, "/chats/HOSTILE", "/nowhere"]) {
      await page.goto(`${app.url}/console${path}`);
      await page.locator("h1").waitFor();
      await page.waitForLoadState("networkidle");
      expect([path, await violations(page)]).toEqual([path, []]);
    }
    await close();
  });

  test("no page is wider than 320 px", async () => {
    const { page, close } = await open("", { viewport: { width: 320, height: 640 } });
    for (const path of [...PAGES, "/chats/HOSTILE"]) {
      await page.goto(`${app.url}/console${path}`);
      await page.waitForLoadState("networkidle");
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect([path, width]).toEqual([path, 320]);
    }
    await close();
  });

  test("when the app is gone, the last data stays with its age, and the page recovers by itself", async () => {
    const { page, close } = await open("/health", { clock: true });
    await page.getByRole("rowheader", { name: "storage" }).waitFor();
    await page.route("**/api/status", (route) => route.abort());
    await page.clock.fastForward(61_000);
    await page.getByText("The app cannot be reached").waitFor();
    await page.getByText(/What you see is from/).waitFor();
    await page.getByRole("rowheader", { name: "storage" }).waitFor();
    await page.unroute("**/api/status");
    await page.clock.fastForward(61_000);
    await page.getByText("The app cannot be reached").waitFor({ state: "detached" });
    await close();
  });

  test("the first load and the whole console stay small, and the page asks no other host", async () => {
    const { page, requests, mishaps, close } = await open("");
    await page.getByRole("heading", { name: "Now" }).waitFor();
    await page.waitForLoadState("networkidle");
    const weight = (names: string[]) =>
      names.reduce((sum, name) => sum + gzipSync(readFileSync(`dist/console/${name}`)).length, 0);
    const all = readdirSync("dist/console");
    const scripts = all.filter((name) => name.endsWith(".js"));
    expect(weight(scripts.filter((name) => requests.some((url) => url.endsWith(name))))).toBeLessThan(60_000);
    expect(weight(all)).toBeLessThan(150_000);
    expect(weight(all.filter((name) => name.endsWith(".css")))).toBeLessThan(8_000);
    expect(mishaps).toEqual([]);
    await close();
  });
});

async function violations(page: Page): Promise<string[]> {
  // The policy forbids scripts in the page; a debugger's evaluation is none.
  await page.evaluate(axe.source);
  const found = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

/** A callback that answers 400 until it is told to accept. */
async function startCallback() {
  const refused = Promise.withResolvers<void>();
  let status = 400;
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(status).end("what the callback says");
      refused.resolve();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    refusedOnce: refused.promise,
    accept: () => {
      status = 200;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
