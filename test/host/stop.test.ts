import { expect, test } from "vitest";
import { fixture, startHostProcess } from "./host-process.ts";

test.for(["SIGINT", "SIGTERM"] as const)(
  "%s lets a request in flight end, takes no other, and exits with 0",
  async (signal) => {
    const host = await startHostProcess({ app: fixture("slow.mjs") });
    // A connection that is kept alive must not keep the host.
    await fetch(`${host.url}/api/quick`);
    const slow = fetch(`${host.url}/api/slow`);
    await host.line(/slow has begun/);
    // As npm does, which passes on what the terminal has sent to everybody already.
    host.kill(signal);
    host.kill(signal);
    host.kill("SIGTERM");
    await host.line(/aware of the end/);
    await expect(fetch(`${host.url}/api/quick`)).rejects.toThrow();
    const response = await slow;
    expect(response.headers.get("connection")).toBe("close");
    expect(await response.text()).toBe("done");
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.stderr).toEqual([]);
  },
);

test.for([
  ["late", "Error: late"],
  ["unhandled", "TypeError: nobody cares"],
] as const)(
  "an error that nobody catches (%s) ends the host; what is in flight gets 500",
  async ([kind, message]) => {
    const host = await startHostProcess({ app: fixture("echo.mjs") });
    const other = fetch(`${host.url}/api/answers/hang`);
    await host.line(/hanging/);
    const responses = await Promise.all([other, fetch(`${host.url}/api/answers/${kind}`)]);
    expect(responses.map(({ status }) => status)).toEqual([500, 500]);
    expect(await host.exited).toEqual({ code: 1, signal: null });
    expect(host.stderr).toEqual([message]);
  },
);
