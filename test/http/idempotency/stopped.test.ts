import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { expect, inject, test } from "vitest";
import { openIdempotency } from "../../../shared/http/idempotency/idempotency.ts";
import { openTable } from "../../../shared/storage/open-table.ts";
import { answer, startUpstream } from "../../livechat/upstream.ts";

/** Starts an instance whose first attempt is throttled, and stops the process while the attempt waits. */
async function stopWhileItWaits(
  limits: { longestAttempt: number; settlingTime: number },
  retryAfter: string,
) {
  const { url, arrivals } = await startUpstream((response, _, nth) => {
    if (nth === 1) answer(response, 429, {}, { "retry-after": retryAfter });
    else answer(response, 200, { id: `T${nth}` });
  });
  const [storage, table, key] = [inject("storage"), "IdempotencyStopped", crypto.randomUUID()];
  const options = JSON.stringify({ storage, table, url, key, ...limits });
  const program = "test/http/idempotency/fixtures/create-once.ts";
  const child = spawn(process.execPath, [program, options], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  expect(await next()).toBe("attempt 429");
  child.kill("SIGSTOP");

  const takeOver = (now?: () => number) =>
    openIdempotency({ table: openTable({ connectionString: storage }, table), now, ...limits }).once({
      scope: "CreateTicket",
      key,
      content: {},
      act: async () => ({ reply: { status: 201, headers: {}, body: "T" }, made: "ticket T" }),
      find: async () => undefined,
      toReply: ({ status }) => ({ status, headers: {} }),
    });
  async function resume() {
    child.kill("SIGCONT");
    const answered = await next();
    await once(child, "close");
    return answered;
  }
  return { arrivals, takeOver, resume };
}

test("an instance that was paused past its deadline does not repeat another instance's request", async () => {
  const limits = { longestAttempt: 1_500, settlingTime: 100 };
  const { arrivals, takeOver, resume } = await stopWhileItWaits(limits, "0.5");
  // Real time must pass, because the stopped process reads its own clocks.
  await setTimeout(1_650);
  expect((await takeOver()).repeated).toBe(false);
  expect(await resume()).not.toBe("answer 201");
  expect(arrivals).toHaveLength(1);
});

test("an instance that lost its key sends no request, with time left by its own clock", async () => {
  const limits = { longestAttempt: 5_000, settlingTime: 100 };
  const { arrivals, takeOver, resume } = await stopWhileItWaits(limits, "1.1");
  expect((await takeOver(() => Date.now() + 5_100)).repeated).toBe(false);
  expect(await resume()).toBe("answer 409");
  expect(arrivals).toHaveLength(1);
});
