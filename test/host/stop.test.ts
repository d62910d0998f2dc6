import { once } from "node:events";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { fixture, startHostProcess } from "./host-process.ts";

test.for(["SIGINT", "SIGTERM"] as const)(
  "on %s the host finishes the open request, refuses others and exits with 0",
  async (signal) => {
    const host = await startHostProcess({ app: fixture("slow.mjs") });
    // A connection that is kept alive must not delay the end.
    const quick = () =>
      fetch(`${host.url}/api/quick`).then(
        ({ status }) => status,
        () => "refused",
      );
    expect(await quick()).toBe(200);
    const slow = fetch(`${host.url}/api/slow`);
    await host.line(/slow has begun/);
    host.kill(signal);
    await expect.poll(quick).toBe("refused");
    // npm forwards a signal that the terminal has already sent to all processes.
    host.kill(signal);
    host.kill("SIGTERM");
    host.kill("SIGUSR2");
    const response = await slow;
    expect(response.headers.get("connection")).toBe("close");
    expect(await response.text()).toBe("done");
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.stderr).toEqual([]);
  },
);

test("the host ends when the shell that npm started it in is killed", async () => {
  const host = await startHostProcess({
    app: fixture("echo.mjs"),
    env: { npm_lifecycle_event: "host" },
    shell: true,
  });
  host.kill("SIGTERM");
  // The host has the shell's output open until it ends.
  await host.exited;
  await expect(fetch(host.url)).rejects.toThrow();
});

test("a keep-alive connection gets its whole answer and does not delay the host's exit", async () => {
  const host = await startHostProcess({ app: fixture("echo.mjs") });
  const socket = connect(Number(new URL(host.url).port), "127.0.0.1");
  socket.write("GET /api/answers/large HTTP/1.1\r\nhost: h.test\r\n\r\n");
  await once(socket, "readable");
  host.kill("SIGTERM");
  await expect
    .poll(() =>
      fetch(host.url).then(
        () => "served",
        () => "refused",
      ),
    )
    .toBe("refused");
  const answer = await buffer(socket);
  expect(answer.length).toBeGreaterThan(20 * 1024 * 1024);
  expect(await host.exited).toEqual({ code: 0, signal: null });
  expect(host.log()).toEqual([]);
});

test.for([
  ["late", "Error: late"],
  ["unhandled", "TypeError: unhandled"],
] as const)(
  "after an uncaught error (%s) the host answers open requests with 500 and ends",
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
