import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { SANDBOX_CREDENTIALS } from "../../local/sandbox/sandbox.ts";
import { callerOf } from "./caller.ts";

test("the sandbox as a program prints its address and ends on a signal", async () => {
  const program = fileURLToPath(new URL("../../local/sandbox/main.ts", import.meta.url));
  const sandbox = spawn(process.execPath, [program, "--port", "0", "--tickets", "30"]);
  try {
    const [line] = await once(sandbox.stdout.setEncoding("utf8"), "data");
    const [, url = ""] = /^LiveChat sandbox listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line) ?? [];

    const call = callerOf({ url, credentials: SANDBOX_CREDENTIALS });
    expect(await call("GET /tickets")).toMatchObject({ status: 200, body: { total: 30, pages: 2 } });

    sandbox.kill("SIGTERM");
    expect(await once(sandbox, "exit")).toEqual([0, null]);
  } finally {
    sandbox.kill("SIGKILL");
  }
});
