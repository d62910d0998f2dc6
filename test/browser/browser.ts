import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The system's Chromium: this project downloads none. */
export const CHROMIUM = process.env.CHROMIUM_PATH ?? PLACES.find(existsSync);

if (CHROMIUM === undefined) {
  console.warn("Skipped: tests in a browser. Install Chromium, or name it in CHROMIUM_PATH, to run them.");
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
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
  /** What must not happen: errors of scripts, reports of the content security policy, dialogs, requests to other hosts. */
  mishaps: string[];
  /** Every address that was asked for. */
  requests: string[];
  close(): Promise<void>;
};

/** Opens a page of the console in a browser profile of its own. `api` is the app's address with its prefix. */
export async function openTab(
  browser: Browser,
  api: string,
  path = "",
  options: BrowserContextOptions & { clock?: boolean } = {},
): Promise<Tab> {
  const { clock = false, ...contextOptions } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...contextOptions });
  const page = await context.newPage();
  // Below the limit of a test, so that a failure names what was waited for.
  page.setDefaultTimeout(10_000);
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
  if (clock) await page.clock.install();
  await page.goto(`${api}/console${path}`);
  return { page, mishaps, requests, close: () => context.close() };
}
