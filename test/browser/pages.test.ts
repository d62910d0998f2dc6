import { describe, expect, inject, test } from "vitest";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { openTicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { startTextApp } from "../app/start-app.ts";
import { stateAfter } from "../tickets/store/open-store.ts";
import { CHROMIUM, chat, openTab, useConsole } from "./browser.ts";

const unique = crypto.randomUUID().replaceAll("-", "");
const tables = { EVENTS_TABLE: `Events${unique}`, TICKETS_TABLE: `Tickets${unique}` };
const tableOf = (name: keyof typeof tables) =>
  openTable({ connectionString: inject("storage") }, tables[name]);

describe.skipIf(CHROMIUM === undefined)("pages of the console", () => {
  const tests = useConsole({ env: { ...tables, ALLOW_LOOPBACK_CALLBACKS: "true" } });
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
    await expect.poll(() => page.getByText("U+202E").count()).toBe(2);
    await expect.poll(() => page.locator("bdi", { hasText: "gnp.exe" }).count()).toBe(1);
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
    const { quarantine } = openEventLog({ table: tableOf("EVENTS_TABLE") });
    const reason = "An earlier version did not understand it.";
    const bodies = Array.from({ length: 6 }, (_, index) =>
      JSON.stringify(index < 4 ? chat(`KEPT${index}`, ["Hi"]) : { event_type: "chat_ended", odd: index }),
    );
    for (const raw of bodies) await quarantine.keep({ raw, expected: "chat_ended", reason, problems: [] });
    await deliver({ event_type: "chat_ended", license_id: "12345678", odd: "of another reason" });
    const { page, close } = await open("/quarantine");
    await page.getByRole("button", { name: "Replay all 6" }).click();
    await page.getByText("4 of 6 are in the log now").waitFor();
    await expect.poll(() => page.getByText("still not readable").count()).toBe(2);
    await expect.poll(() => page.locator(".state", { hasText: "stored" }).count()).toBe(4);
    expect((await tests.app.call("GET", "/chats/KEPT3")).status).toBe(200);
    await close();
  });

  test("a ticket's page leads to its event and the reason why it was not sent", async () => {
    const { app } = tests;
    const { body: subscription } = await app.call("POST", "/subscriptions", {
      url: "http://127.0.0.1:9/nothing-listens-there",
      types: ["chat_ended"],
    });
    const { body: ticket } = await app.call("POST", "/tickets", {
      message: "It stays <b>dark</b>.",
      subject: "Dark lamp",
      requester: { mail: "tim@example.com", name: "Tim" },
    });
    await app.deliver("ticket-created", { event_type: "ticket_created", license_id: "12345678", ticket });
    await app.call("POST", "/reconcile/tickets");

    const { page, mishaps, close } = await open("/tickets");
    await page.getByRole("link", { name: ticket.id }).click();
    await page.getByRole("heading", { name: "Dark lamp" }).waitFor();
    await page.getByText("It stays <b>dark</b>.", { exact: true }).waitFor();
    await page.getByText("Tim, tim@example.com").waitFor();
    await page.getByRole("link", { name: "webhook" }).click();
    await page.getByRole("heading", { name: "Ticket created" }).waitFor();
    const name = `http://127.0.0.1:9/… (${subscription.id.slice(0, 6)})`;
    await page.getByText(`Not sent to ${name}: it does not receive "Ticket created"`).waitFor();
    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByText("Failed: ECONNREFUSED").waitFor();
    expect(mishaps).toEqual([]);
    await close();
  });

  test("a ticket gone from LiveChat is marked on its page and in the list", async () => {
    const { app } = tests;
    const { body: ticket } = await app.call("POST", "/tickets", {
      message: "Hello",
      subject: "Soon gone",
      requester: { mail: "gone@example.com" },
    });
    await app.call("POST", "/reconcile/tickets");
    const writer = await openTicketStore({ table: tableOf("TICKETS_TABLE"), api: "v2" }).write();
    const items = await Array.fromAsync(writer.liveItems());
    const at = new Date().toISOString();
    await writer.commit({ state: writer.state ?? stateAfter(0), remove: { items, at } });

    const { page, close } = await open("/tickets?deleted=true");
    await page.locator("tr.gone", { hasText: "Soon gone" }).getByRole("link", { name: ticket.id }).click();
    await page.getByText("This ticket is gone from LiveChat").waitFor();
    await close();
  });

  test("the page of an event shows the trace of its delivery", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const { id } = await openEventLog({ table: tableOf("EVENTS_TABLE") }).append({
      type: "chat_ended",
      origin: "webhook",
      subjectId: "TRACED",
      people: [],
      raw: JSON.stringify(chat("TRACED", ["Hi"])),
      trace: `00-${trace}-b7ad6b7169203331-01`,
    });
    const { page, close } = await open(`/events/${id}`);
    await page.getByText(trace).waitFor();
    await close();
  });

  test("the list of chats jumps to a time with the visitors and agents of then", async () => {
    await deliver(chat("THEN", ["What about my order?"], { visitor: { name: "Nora" } }));
    const { page, close } = await open("/chats");
    await page.getByLabel("Jump to a time").fill("2020-01-01T15:00");
    await page.getByRole("button", { name: "Jump" }).click();
    await page.getByText(/Chats before place \d+/).waitFor();
    const row = page.getByRole("row", { name: /THEN/ });
    for (const name of ["Nora", "Sam"]) await row.getByText(name).waitFor();
    expect(new URL(page.url()).searchParams.get("before")).toMatch(/^\d+$/);
    await page.getByRole("link", { name: "Show the newest" }).click();
    await page.getByText("Show the newest").waitFor({ state: "detached" });
    await close();
  });

  test("on the Text platform, the page of the reconciliation shows the runs for chats", async () => {
    const text = await startTextApp();
    try {
      const { page, close } = await openTab(tests.browser, text.url, "/reconciliation");
      await page.getByRole("button", { name: "Run for chats now" }).click();
      const runs = page.getByRole("table", { name: "Runs for chats, the latest first" });
      await runs.getByText("completed").waitFor();
      expect(await page.getByRole("table", { name: /Runs for tickets/ }).count()).toBe(0);
      await close();
    } finally {
      await text.stop();
    }
  });
});
