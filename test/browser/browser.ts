import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { type App, type AppOptions, startApp } from "../app/start-app.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The system's Chromium: this project downloads none. */
export const CHROMIUM = process.env.CHROMIUM_PATH || PLACES.find(existsSync);

if (CHROMIUM === undefined) {
  console.warn("Skipped: tests in a browser. Install Chromium, or name it in CHROMIUM_PATH, to run them.");
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    timeout: 120_000,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export type Tab = {
  page: Page;
  /** Faults: errors of scripts, reports of the content security policy, dialogs, requests to other hosts. */
  mishaps: string[];
  /** The URLs of all requests. */
  requests: string[];
  close(): Promise<void>;
};

type TabOptions = BrowserContextOptions & { clock?: boolean };

function openProfile(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
}

/** Opens a page of the console in its own browser profile. `api` is the app's address with its prefix. */
export async function openTab(
  browser: Browser,
  api: string,
  path = "",
  { clock = false, ...options }: TabOptions = {},
): Promise<Tab> {
  const context = await openProfile(browser, options);
  if (clock) await context.clock.install();
  return { ...(await openIn(context, api, path)), close: () => context.close() };
}

async function openIn(context: BrowserContext, api: string, path: string): Promise<Tab> {
  const page = await context.newPage();
  // Shorter than the time limit of a test, so that a failure names the missing element.
  page.setDefaultTimeout(60_000);
  const mishaps: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", ({ message }) => mishaps.push(`error: ${message}`));
  page.on("dialog", (dialog) => {
    mishaps.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy") || message.text().includes("TrustedHTML")) {
      mishaps.push(message.text());
    }
  });
  const origin = new URL(api).origin;
  page.on("request", (request) => {
    requests.push(request.url());
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url()))
      mishaps.push(request.url());
  });
  await page.goto(`${api}/console${path}`);
  return { page, mishaps, requests, close: () => page.close() };
}

/** A browser and an app for the tests of a `describe`. */
export function useConsole(options: AppOptions = {}) {
  let browser: Browser;
  let profile: BrowserContext;
  let app: App;
  beforeAll(async () => {
    [browser, app] = await Promise.all([launch(), startApp(options)]);
    profile = await openProfile(browser);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });
  return {
    get browser() {
      return browser;
    },
    get app() {
      return app;
    },
    /** Tabs without options share a profile, so the scripts are compiled once. */
    open: (path = "", tab?: TabOptions) =>
      tab ? openTab(browser, app.url, path, tab) : openIn(profile, app.url, path),
    /** Delivers the end of a chat, as LiveChat's webhook does. */
    async deliver(body: object): Promise<void> {
      const { status } = await app.deliver("chat-ended", body);
      expect(status).toBe(200);
    },
  };
}

/** Waits until the page has its data. Before its script is loaded, a page has neither a heading nor a skeleton. */
export async function dataIsShown(page: Page): Promise<void> {
  await page.locator("main:has(h1):not(:has(.skeleton))").waitFor();
}

/** Milliseconds: longer than the longest pause between polls of an app that is down. */
const NEXT_POLL = 61_000;

/**
 * Lets the page poll until `look` returns the expected value. It moves the page's clock again and again, because a move
 * starts no poll while a call is under way.
 */
export function poll<Value>(page: Page, look: () => Value | Promise<Value>) {
  const movedOn = async () => {
    await page.clock.fastForward(NEXT_POLL);
    return look();
  };
  return expect.poll(movedOn, { interval: 250 });
}

type More = { visitor?: object; chat?: object };

/** A delivery of an ended chat, whose messages are the visitor's and an agent's in turn. */
export function chat(id: string, texts: readonly string[], { visitor, chat }: More = {}) {
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
      ...chat,
    },
    visitor: visitor ?? { name: "Vera", email: "vera@example.com" },
    pre_chat_survey: [],
  };
}
