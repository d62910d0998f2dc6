import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startApp } from "../app/start-app.ts";

function smoke(url: string, key: string) {
  const env = { PATH: process.env.PATH, FUNCTION_KEY: key };
  return promisify(execFile)(process.execPath, ["scripts/smoke.ts", url], { env });
}

test("looks at everything that can be read, shows the status, and changes nothing", async () => {
  const app = await startApp({ env: { LOCAL_FUNCTION_KEY: "a-key" }, flags: ["--enable-auth"] });
  const url = app.url.replace(/\/api$/, "");
  try {
    const [{ stdout }, { stdout: refused, code }] = await Promise.all([
      smoke(url, "a-key"),
      smoke(url, "another").catch((error) => error),
    ]);
    expect(stdout).toMatch(/^ok {7}health$/m);
    expect(stdout).toMatch(/^ok {7}ListEvents \(GET \/events\)$/m);
    expect(stdout).toMatch(/^ok {7}ReceiveChatStarted without credentials$/m);
    expect(stdout).toMatch(/^ok {7}status: version \S+, commit \S+$/m);
    expect(stdout).toContain("All is well.");
    expect(app.sandbox.calls.list.every(({ method }) => method === "GET")).toBe(true);

    expect(code).toBe(1);
    expect(refused).toMatch(/^FAILED {3}ListEvents \(GET \/events\): answers 401 and not 200/m);
  } finally {
    await app.stop();
  }
});
