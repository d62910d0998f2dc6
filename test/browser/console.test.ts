import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { startApp } from "../app/start-app.ts";
import { CHROMIUM, chat, dataIsShown, openTab, poll, useConsole } from "./browser.ts";
import { startCallback } from "./callback.ts";

const KEY = "a function key";
describe.skipIf(CHROMIUM === undefined)("the console in a browser", () => {
  const tests = useConsole({ env: { ALLOW_LOOPBACK_CALLBACKS: "true" } });
  const { open, deliver } = tests;

  test("the console asks for a key until the right one opens the requested page", async () => {
    const guarded = await startApp({ env: { LOCAL_FUNCTION_KEY: KEY }, flags: ["--enable-auth"] });
    try {
      const { page, requests, close } = await openTab(tests.browser, guarded.url, "/events?type=chat_ended");
      const field = page.locator("input[name=key]");
      // A browser closes a dialog at the second Esc.
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await field.fill("another");
      await page.getByRole("button", { name: "Open the console" }).click();
      await page.getByText("The app refuses this key").waitFor();
      await field.fill(KEY);
      await page.getByRole("button", { name: "Open the console" }).click();
      await page.getByText("The log is empty").waitFor();
      await page.getByRole("dialog").waitFor({ state: "hidden" });

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

  test("a new event of an open list is shown after a click", async () => {
    const { page, mishaps, close } = await open("/events", { clock: true });
    await page.getByRole("heading", { name: "Events" }).waitFor();
    await page
      .getByText(/The log is empty|Place/)
      .first()
      .waitFor();
    // An empty list shows its first event at once.
    await deliver(chat("LIVE0", ["Hi"]));
    await poll(page, () => page.getByRole("link", { name: "LIVE0" }).count()).toBe(1);
    // Typed text stays while the page polls.
    const field = page.getByLabel("Chat", { exact: true });
    await field.fill("LIV");
    await deliver(chat("LIVE1", ["Hello"]));
    await poll(page, () => page.getByRole("button", { name: "1 new" }).count()).toBe(1);
    expect(await page.getByRole("link", { name: "LIVE1" }).count()).toBe(0);
    expect(await field.inputValue()).toBe("LIV");
    await page.getByRole("button", { name: "1 new" }).click();
    await page.getByRole("link", { name: "LIVE1" }).click();
    await page.getByText("Hello").waitFor();
    expect(mishaps).toEqual([]);
    await close();
  });

  test("a click on the last bar of the day leads to the events of this hour", async () => {
    await deliver(chat("CHARTED1", ["Hi"]));
    const { page, close } = await open();
    const chart = page.locator(".chart .u-over");
    await chart.waitFor();
    // If an hour began before or after the chart was drawn, one of the two chats is still in its last hour.
    await deliver(chat("CHARTED2", ["Hi"]));
    const { width = 0 } = (await chart.boundingBox()) ?? {};
    await chart.click({ position: { x: width - 5, y: 40 } });
    await page
      .getByRole("link", { name: /CHARTED/ })
      .first()
      .waitFor();
    expect(new URL(page.url()).searchParams.get("from")).toMatch(/:00:00\.000Z$/);
    await close();
  });

  test("a refused event can be skipped and, as a parked event, sent again", async () => {
    const callback = await startCallback();
    try {
      const { body: made } = await tests.app.call("POST", "/subscriptions", {
        url: callback.url,
        policy: "block",
      });
      await deliver(chat("REFUSED", ["bad"]));
      const standing = async () => (await tests.app.call("GET", `/subscriptions/${made.id}`)).body;
      await expect.poll(async () => (await standing()).state).toBe("retrying");
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

  test("every page can be reached by the keyboard alone", async () => {
    await deliver(chat("KEYS1", ["By keyboard"]));
    const { page, mishaps, close } = await open();
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const goTo = async (key: string, name: string) => {
      const heading = page.getByRole("heading", { name, level: 1, exact: true });
      // The second key counts only for 1.5 s, and the machine may pause between the two.
      await expect.poll(() => press("g", key).then(() => heading.isVisible())).toBe(true);
    };
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
    for (const [key, name] of Object.entries(headings)) await goTo(key, name);
    await press("?");
    const help = page.getByRole("dialog", { name: "Keys" });
    await help.waitFor();
    await press("Escape");
    await help.waitFor({ state: "hidden" });
    await press("/");
    await page.getByRole("textbox", { name: "Id" }).fill("KEYS1");
    await press("Enter");
    await page.getByRole("heading", { name: "Chat", level: 1, exact: true }).waitFor();
    await goTo("e", "Events");
    await page.locator("tbody tr").first().waitFor();
    await press("j", "Enter");
    await page.getByRole("heading", { name: "Event", level: 1, exact: true }).waitFor();
    const place = await page.getByText(/Stored at place/).innerText();
    await page.goBack();
    // The focus is on the row that was opened.
    await page.locator("tbody a:focus").waitFor();
    expect(place).toContain(` ${await page.locator("tbody a:focus").innerText()} `);
    expect(mishaps).toEqual([]);
    await close();
  });

  test("a paused page makes no calls until it is resumed", async () => {
    await deliver(chat("SHOWN", ["Hi"]));
    const { page, requests, close } = await open("/chats", { clock: true });
    await page.getByRole("link", { name: "SHOWN" }).waitFor();
    await page.keyboard.press(".");
    await page.getByText("paused").waitFor();
    const calls = () => requests.filter((url) => url.includes("/api/chats")).length;
    const before = calls();
    await deliver(chat("PAUSED", ["Hi"]));
    await page.clock.fastForward(60_000);
    expect(calls()).toBe(before);
    await page.keyboard.press(".");
    await page.getByRole("button", { name: "1 new" }).waitFor();
    await close();
  });

  test("a page makes no call while it is hidden or the Retry-After of a 429 lasts", async () => {
    const { page, requests, close } = await open("/subscriptions", { clock: true });
    await dataIsShown(page);
    const asked = () => requests.filter((url) => url.endsWith("/api/subscriptions")).length;
    await setHidden(page, true);
    const before = asked();
    await page.clock.fastForward(60_000);
    expect(asked()).toBe(before);

    await page.route("**/api/subscriptions", (route) =>
      route.fulfill({ status: 429, headers: { "retry-after": "100" }, json: { title: "Too many requests" } }),
    );
    await setHidden(page, false);
    await page.getByText("Too many requests").waitFor();
    expect(asked()).toBe(before + 1);
    await page.clock.fastForward(60_000);
    expect(asked()).toBe(before + 1);
    await page.clock.fastForward(50_000);
    await expect.poll(asked).toBe(before + 2);
    await close();
  });

  test("a chat is erased only after its id is typed", async () => {
    await deliver(chat("ERASE1", ["Forget me"]));
    const { page, close } = await open("/chats/ERASE1");
    await page.getByRole("button", { name: "Erase" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("ERASE");
    await dialog.getByRole("button", { name: "Erase" }).click();
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByRole("textbox").fill("ERASE1");
    await dialog.getByRole("button", { name: "Erase" }).click();
    await page.getByRole("heading", { name: "Chats", level: 1 }).waitFor();
    const { body } = await tests.app.call("GET", "/chats/ERASE1");
    expect(JSON.stringify(body)).not.toContain("Forget me");
    await close();
  });

  test("a person is found and erased by an email address that is in no URL", async () => {
    const visitor = { name: "Petra", email: "petra@example.com" };
    await deliver(chat("PERSON1", ["My number is 5"], { visitor }));
    const { page, requests, close } = await open("/chats");
    await page.getByRole("button", { name: /Find a chat or a person/ }).click();
    await page.getByRole("textbox", { name: /email address/ }).fill(visitor.email);
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await page.getByText("1 chat, 0 tickets, 1 item in all").waitFor();
    await page.getByRole("button", { name: "Erase this person" }).click();
    await page.getByRole("textbox", { name: /Type erase/ }).fill("erase");
    await page
      .getByRole("dialog", { name: "Erase this person" })
      .getByRole("button", { name: "Erase this person" })
      .click();
    await page.getByText("Nothing is stored about this person").waitFor();
    expect([page.url(), ...requests].filter((url) => /petra/i.test(decodeURIComponent(url)))).toEqual([]);
    const { body } = await tests.app.call("GET", "/chats/PERSON1");
    expect(JSON.stringify(body)).not.toContain("My number");
    await close();
  });

  test("the erasure of a person keeps possible items of others in the list", async () => {
    const visitor = { name: "Ulla", email: "ulla@example.com" };
    await deliver(chat("PERSON2", ["Hi"], { visitor }));
    // Kept in quarantine; the app cannot decide whose it is.
    await deliver({ note: `write to ${visitor.email}` });
    const { page, close } = await open("/chats");
    await page.getByRole("button", { name: /Find a chat or a person/ }).click();
    await page.getByRole("textbox", { name: /email address/ }).fill(visitor.email);
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await page.getByText("1 chat, 0 tickets, 2 items in all. 1 may be another person's").waitFor();
    const erase = page.getByRole("button", { name: "Erase this person" });
    await erase.click();
    await page.getByRole("textbox", { name: /Type erase/ }).fill("erase");
    await page
      .getByRole("dialog", { name: "Erase this person" })
      .getByRole("button", { name: "Erase" })
      .click();
    await page.getByText("0 chats, 0 tickets, 1 item in all. 1 may be another person's").waitFor();
    await page.getByText("Stored items: 1").click();
    await page
      .getByRole("listitem")
      .filter({ hasText: "quarantine" })
      .getByText("another person's")
      .waitFor();
    expect(await erase.count()).toBe(0);
    await tests.app.call(
      "DELETE",
      `/quarantine/${(await tests.app.call("GET", "/quarantine")).body.items[0].id}`,
    );
    await close();
  });

  test("an answer after a change of the filter is not shown", async () => {
    await deliver(chat("FILTERED", ["Hi"]));
    const { page, close } = await open("", {});
    await page.addInitScript(`
      const { text } = Response.prototype;
      Response.prototype.text = async function () {
        const body = await text.call(this);
        if (this.url.includes("type=ticket_created")) await new Promise((done) => { window.release = done; });
        return body;
      };
    `);
    await page.goto(`${tests.app.url}/console/events?type=ticket_created`);
    await expect.poll(() => page.evaluate("'release' in window")).toBe(true);
    await page.locator("select[name=type]").selectOption("chat_ended");
    await page.getByRole("link", { name: "FILTERED" }).waitFor();
    // The page would be rendered in the next frame.
    await page.evaluate(
      "release(); new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
    );
    expect(await page.getByRole("link", { name: "FILTERED" }).count()).toBe(1);
    await close();
  });

  test("a replay shows the number of events before it sends them", async () => {
    const callback = await startCallback();
    callback.accept();
    try {
      await deliver(chat("AGAIN", ["Hi"]));
      const { body: made } = await tests.app.call("POST", "/subscriptions", { url: callback.url });
      const { body: log } = await tests.app.call("GET", "/events?limit=1");
      const { page, close } = await open(`/subscriptions/${made.id}`);
      await page.getByRole("button", { name: "Replay…" }).click();
      await page.getByLabel("or from this place in the log").fill(String(log.head));
      await page.getByRole("button", { name: "Count the events" }).click();
      await page.getByText("has 1 event").waitFor();
      await page.getByRole("button", { name: "Send them" }).click();
      await callback.calledOnce;
      await close();
    } finally {
      await callback.close();
    }
  });
});

/** Does what a change to another tab and back does. */
async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(
    `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"))`,
  );
}
