import { describe, expect, inject, test } from "vitest";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { CHROMIUM, chat, useConsole } from "./browser.ts";

/** The table of the app's events, for a test that adds deliveries of an earlier version to it. */
const EVENTS_TABLE = `Events${crypto.randomUUID().replaceAll("-", "")}`;

describe.skipIf(CHROMIUM === undefined)("content in the console", () => {
  const tests = useConsole({ env: { EVENTS_TABLE } });
  const { open, deliver } = tests;

  test("hostile text of a visitor is shown as text and runs nothing", async () => {
    const HOSTILE = [
      `<script>alert(1)</script><img src=x onerror="alert(2)">`,
      `<svg onload=alert(3)><a href="javascript:alert(4)">here</a>`,
      "https://evil.example/track.png",
      "\u202egnp.exe\u202c and \u0000 and \u200b",
      "x".repeat(100_000),
    ];
    const visitor = {
      name: `"><script>alert(5)</script>\u202e`,
      email: "eve@evil.example",
      page_current: "javascript:alert(6)",
    };
    await deliver(chat("HOSTILE", HOSTILE, { visitor, chat: { tags: ["<img src=https://evil.example/>"] } }));
    const { page, mishaps, requests, close } = await open("/chats/HOSTILE");
    await page.getByText("<script>alert(1)</script>").first().waitFor();
    const live = "main script, main img, main svg, main a[href^='javascript'], main a[href*='evil']";
    expect(await page.locator(live).count()).toBe(0);
    expect(await page.getByText("U+202E").count()).toBeGreaterThan(0);
    expect(await page.locator("bdi", { hasText: "gnp.exe" }).count()).toBe(1);
    await page.getByRole("button", { name: "more characters" }).click();
    for (const path of ["/chats", "/events"]) {
      await page.goto(`${tests.app.url}/console${path}`);
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

  test("a chat of 15 MiB opens in slices", async () => {
    const messages = Array.from({ length: 15 }, (_, index) => `${index} ${"word ".repeat(200_000)}`);
    const many = Array.from({ length: 1_000 }, (_, index) => `short ${index}`);
    await deliver(chat("LARGE", [...messages, ...many]));
    const { page, mishaps, close } = await open("/events");
    const { body: log } = await tests.app.call("GET", "/events?limit=1&max_payload=0");
    const row = page.getByRole("row", { name: /too large for this list/ });
    await row.getByRole("link", { name: String(log.head), exact: true }).click();
    await page.getByRole("link", { name: "LARGE", exact: true }).click();
    const shown = () => page.evaluate<number>("document.querySelector('main').textContent.length");
    await page.getByRole("button", { name: "815 more", exact: true }).waitFor();
    expect(await shown()).toBeLessThan(60_000);
    await page.getByRole("button", { name: "815 more", exact: true }).click();
    await page.getByText("short 300", { exact: true }).waitFor();

    await page.getByRole("link", { name: "Chat ended" }).click();
    await page.getByRole("button", { name: "As received" }).click();
    await page.getByRole("button", { name: "more characters" }).waitFor();
    expect(await shown()).toBeLessThan(60_000);
    expect(mishaps).toEqual([]);
    await close();
  });

  test("the page of a chat shows the visitor's wait, rating and location", async () => {
    await deliver(
      chat("RATED", ["Hello?", "Hi!"], {
        visitor: { name: "Rita", geolocation: { city: "Wrocław", country: "Poland" } },
        chat: { rating: { score: 1, comment: "Quick & kind" } },
      }),
    );
    const { page, close } = await open("/chats/RATED");
    for (const text of [
      "10 s until an agent wrote",
      "10 s after the visitor wrote",
      "1 min 30 s",
      "Wrocław, Poland",
      "Quick & kind",
    ]) {
      await page.getByText(text).waitFor();
    }
    await close();
  });

  test("all quarantined deliveries of a reason are replayed, with a result for each", async () => {
    const table = openTable({ connectionString: inject("storage") }, EVENTS_TABLE);
    const { quarantine } = openEventLog({ table });
    const reason = "An earlier version did not understand it.";
    const bodies = Array.from({ length: 6 }, (_, index) =>
      JSON.stringify(index < 4 ? chat(`KEPT${index}`, ["Hi"]) : { event_type: "chat_ended", odd: index }),
    );
    for (const raw of bodies) await quarantine.keep({ raw, expected: "chat_ended", reason, problems: [] });
    await deliver({ event_type: "chat_ended", license_id: "12345678", odd: "of another reason" });
    const { page, close } = await open("/quarantine");
    await page.getByRole("button", { name: "Replay all 6" }).click();
    await page.getByText("4 of 6 are in the log now").waitFor();
    expect(await page.getByText("still not readable").count()).toBe(2);
    expect(await page.locator(".state", { hasText: "stored" }).count()).toBe(4);
    expect((await tests.app.call("GET", "/chats/KEPT3")).status).toBe(200);
    await close();
  });
});
