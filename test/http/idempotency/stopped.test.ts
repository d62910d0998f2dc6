import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, inject, test } from "vitest";
import { openIdempotency } from "../../../shared/http/idempotency/idempotency.ts";
import { openTable } from "../../../shared/storage/open-table.ts";
import { answer, startUpstream } from "../../livechat/upstream.ts";

const limits = { longestAttempt: 25_000, settlingTime: 100 };

/** Starts an instance whose first attempt is throttled. After that attempt the process stands still. */
async function standStillBeforeRetry() {
  const { url, arrivals } = await startUpstream((response, _, nth) => {
    if (nth === 1) answer(response, 429, {}, { "retry-after": "0.1" });
    else answer(response, 200, { id: `T${nth}` });
  });
  const [storage, table, key] = [inject("storage"), "IdempotencyStopped", crypto.randomUUID()];
  const options = JSON.stringify({ storage, table, url, key, ...limits });
  const program = "test/http/idempotency/fixtures/create-once.ts";
  const child = spawn(process.execPath, [program, options], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  expect(await next()).toBe("attempt 429");

  /** Another instance takes over the key, by a clock on which the first attempt must have ended. */
  const takeOver = () =>
    openIdempotency({
      table: openTable({ connectionString: storage }, table),
      now: () => Date.now() + limits.longestAttempt + limits.settlingTime,
      ...limits,
    }).once({
      scope: "CreateTicket",
      key,
      content: {},
      act: async () => ({ reply: { status: 201, headers: {}, body: "T" }, made: "ticket T" }),
      find: async () => undefined,
      toReply: ({ status }) => ({ status, headers: {} }),
    });
  /** Lets the process go on, with clocks that show `passed` more milliseconds. */
  async function resume({ passed }: { passed: number }) {
    const closed = once(child, "close");
    child.stdin.end(String(passed));
    const answered = await next();
    await closed;
    return answered;
  }
  return { arrivals, takeOver, resume };
}

test("an instance that woke past its deadline repeats no request of another instance", async () => {
  const { arrivals, takeOver, resume } = await standStillBeforeRetry();
  expect((await takeOver()).repeated).toBe(false);
  expect(await resume({ passed: limits.longestAttempt })).not.toBe("answer 201");
  expect(arrivals).toHaveLength(1);
});

test("an instance that lost its key sends no request, with time left by its own clock", async () => {
  const { arrivals, takeOver, resume } = await standStillBeforeRetry();
  expect((await takeOver()).repeated).toBe(false);
  expect(await resume({ passed: 5_000 })).toBe("answer 409");
  expect(arrivals).toHaveLength(1);
});
