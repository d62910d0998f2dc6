import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { PAGES } from "./addresses.ts";
import { CHROMIUM, chat, dataIsShown, type Tab, useConsole } from "./browser.ts";

describe.skipIf(CHROMIUM === undefined)("the look of the console", () => {
  const tests = useConsole({ env: { ALLOW_LOOPBACK_CALLBACKS: "true" } });
  const ids: Record<string, string> = {};
  let tab: Tab;
  beforeAll(async () => {
    const { app, deliver, open } = tests;
    await deliver(chat("LOOK1", ["Hello", "Hi"]));
    await deliver({ event_type: "chat_ended", license_id: "12345678", odd: 1 });
    const url = "http://127.0.0.1:9/nothing-listens-there";
    const create = (path: string, body: object) => app.call("POST", path, body).then(({ body }) => body.id);
    ids.subscription = await create("/subscriptions", { url, filter: { tag: ["lamp"] } });
    ids.ticket = await create("/tickets", {
      message: "It is dark.",
      requester: { mail: "vera@example.com" },
    });
    await app.call("POST", "/reconcile/tickets");
    ids.event = (await app.call("GET", "/events?limit=1")).body.items[0].id;
    // A colour in transition has no contrast that could be measured.
    tab = await open("", { reducedMotion: "reduce" });
    // The page's policy forbids added scripts. The debugger may still evaluate axe.
    await tab.page.evaluate(axe.source);
  });

  test.each(Object.values(PAGES))(
    "axe finds no fault on the page %s in light, dark, narrow and at a zoom of 400 %",
    async (name, path) => {
      const { page, mishaps } = tab;
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize({ width: 1280, height: 900 });
      const where = path.replaceAll(/\{(\w+)\}/g, (_, name) => ids[name] ?? "");
      await follow(page, `${tests.app.url}/console${where}`);
      await page.getByRole("heading", { name, level: 1, exact: true }).waitFor();
      await dataIsShown(page);
      expect(await violations(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await violations(page, ["color-contrast"])).toEqual([]);
      // As wide as 1280 px at 200 % and at 400 %.
      for (const width of [640, 320]) {
        await page.setViewportSize({ width, height: 640 });
        const contentWidth = () => page.evaluate<number>("document.documentElement.scrollWidth");
        await expect.poll(contentWidth).toBe(width);
      }
      expect(await violations(page, ["target-size", "scrollable-region-focusable"])).toEqual([]);
      expect(mishaps).toEqual([]);
    },
  );

  test("with forced colours, states, the current page and pressed buttons stand out", async () => {
    const { page, close } = await tests.open(`/events/${ids.event}`, { forcedColors: "active" });
    const style = (locator: Locator, property: string) =>
      locator.evaluate(
        (element, name) => element.ownerDocument.defaultView.getComputedStyle(element)[name],
        property,
      );
    const tree = page.getByRole("button", { name: "Tree" });
    const other = page.getByRole("button", { name: "As received" });
    expect(await style(tree, "backgroundColor")).not.toBe(await style(other, "backgroundColor"));
    expect(await style(page.locator(".state").first(), "borderStyle")).toBe("solid");
    expect(await style(page.locator("nav [aria-current=page]"), "outlineStyle")).toBe("solid");
    await close();
  });

  test("nothing moves when the browser asks for reduced motion", async () => {
    const { page, close } = await tests.open("", { reducedMotion: "no-preference" });
    await page.locator(".chart").waitFor();
    const moving = () =>
      page.evaluate<number>(`[...document.querySelectorAll("*")].map(getComputedStyle).filter((style) =>
        [style.transitionDuration, style.animationDuration].some((time) => Number.parseFloat(time) > 0)).length`);
    expect(await moving()).toBeGreaterThan(0);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await expect.poll(moving).toBe(0);
    await close();
  });

  test("on a narrow screen the filters are behind a button with their number", async () => {
    const { page, close } = await tests.open("/events?type=chat_ended", {
      viewport: { width: 320, height: 640 },
    });
    const type = page.locator("select[name=type]");
    await page.getByRole("link", { name: "LOOK1" }).first().waitFor();
    expect(await type.isVisible()).toBe(false);
    const toggle = page.getByRole("button", { name: "Filters (1 set)" });
    await toggle.press("Enter");
    await type.waitFor();
    await page.keyboard.press("Tab");
    expect(await type.evaluate((field) => field === field.ownerDocument.activeElement)).toBe(true);
    await type.selectOption("");
    // Without the filter, the list is shown again.
    await page.getByRole("button", { name: "Filters", exact: true }).waitFor();
    await type.waitFor({ state: "hidden" });
    await close();
  });

  test("the console stays small and makes no request to another host", async () => {
    const { page, requests, mishaps, close } = await tests.open("");
    await page.getByText("Events per hour, last 24 hours").waitFor();
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

/** Follows a link within the page: to load the page and axe each time would double the time of these tests. */
async function follow(page: Page, href: string): Promise<void> {
  await page.evaluate(`{
    const link = Object.assign(document.createElement("a"), { href: ${JSON.stringify(new URL(href).pathname + new URL(href).search)} });
    document.querySelector("main").append(link);
    link.click();
    link.remove();
  }`);
  await page.waitForURL(href);
}

async function violations(page: Page, rules?: string[]): Promise<string[]> {
  const found = await page.evaluate(
    (rules) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run({
        resultTypes: ["violations"],
        preload: false,
        runOnly: rules ?? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      }),
    rules,
  );
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}
