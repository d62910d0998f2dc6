import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { parseArgs, promisify } from "node:util";
import { chromium } from "playwright-core";

/** Makes `docs/console.png`: starts everything on this machine, runs the demo, and takes a picture of its chat. */
const { port, browser: executablePath } = parseArgs({
  options: {
    port: { type: "string", default: "7081" },
    browser: { type: "string", default: "/usr/bin/chromium" },
  },
}).values;
const api = `http://127.0.0.1:${port}/api`;

const app = spawn(process.execPath, ["local/start.ts", "--port", port], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  for await (const line of createInterface({ input: app.stdout })) if (line.includes("Ctrl-C")) break;
  await promisify(execFile)(process.execPath, ["local/demo.ts", "--port", port]);
  const chats = (await (await fetch(`${api}/chats`)).json()) as { items: { chatId: string }[] };

  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1100, height: 1000 }, colorScheme: "light" });
  await page.goto(`${api}/console/chats/${chats.items[0]?.chatId}`);
  await page.getByText("Conversation").waitFor();
  await page.screenshot({ path: "docs/console.png" });
  await browser.close();
} finally {
  app.kill("SIGTERM");
  await once(app, "exit");
}
