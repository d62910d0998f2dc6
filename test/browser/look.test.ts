import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, chat, type Tab, useConsole } from "./browser.ts";

const PAGES = [
  "",
  "/events",
  "/chats",
  "/chats/LOOK1",
  "/tickets",
  "/subscriptions",
  "/reconciliation",
  "/quarantine",
  "/health",
  "/nowhere",
];

describe.skipIf(CHROMIUM === undefined)("the console for everyone", () => {
  const tests = useConsole({ env: { ALLOW_LOOPBACK_CALLBACKS: "true" } });
  let tab: Tab;
  let event: string;
  let subscription: string;
  beforeAll(async () => {
    await tests.deliver(chat("LOOK1", ["Hello", "Hi"]));
    await tests.deliver({ event_type: "chat_ended", license_id: "12345678", odd: 1 });
    const url = "http://127.0.0.1:9/nothing-listens-there";
    subscription = (await tests.app.call("POST", "/subscriptions", { url, filter: { tag: ["lamp"] } })).body
      .id;
    await tests.app.call("POST", "/reconcile/tickets");
    event = (await tests.app.call("GET", "/events?limit=1")).body.items[0].id;
    // A colour on its way to another one has no contrast of its own.
    tab = await tests.open("", { reducedMotion: "reduce" });
  });

  const look = async (path: string) => {
    const { page } = tab;
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`${tests.app.url}/console${path}`);
    await page.locator("main:has(h1):not(:has(.skeleton))").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violations(page, ["color-contrast"])).toEqual([]);
    // As wide as 1280 px at 400 %.
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(320);
    expect(tab.mishaps).toEqual([]);
  };
  test.each(PAGES)("axe finds nothing on %s in light and dark, and it fits 320 px", look);
  test("the same for an event and a subscription", async () => {
    await look(`/events/${event}`);
    await look(`/subscriptions/${subscription}`);
  });

  test("the first load and the whole console stay small, and the page asks no other host", async () => {
    const { page, requests, mishaps, close } = await tests.open("");
    await page.getByText("Events an hour, last day").waitFor();
    await page.locator(".chart").waitFor();
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

async function violations(page: Page, rules?: string[]): Promise<string[]> {
  // The page's policy forbids added scripts. The debugger may still evaluate axe.
  await page.evaluate(axe.source);
  const found = await page.evaluate(
    (rules) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run({
        runOnly: rules ?? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      }),
    rules,
  );
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}
