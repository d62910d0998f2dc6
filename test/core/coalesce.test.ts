import { expect, test } from "vitest";
import { coalesce } from "../../shared/core/coalesce.ts";

/** Work whose runs end when the test says so. */
function newWork() {
  const runs: { end: () => void; fail: (error: Error) => void }[] = [];
  const run = coalesce(() => new Promise<void>((end, fail) => runs.push({ end, fail })));
  return { runs, run };
}

test("all calls during a run share one run that follows it", async () => {
  const { runs, run } = newWork();
  const first = run();
  const others = Promise.all([run(), run(), run()]);
  expect(runs).toHaveLength(1);
  runs[0]?.end();
  await first;
  await expect.poll(() => runs.length).toBe(2);
  runs[1]?.end();
  await others;
  expect(runs).toHaveLength(2);
});

test("after a failed run the next call gets a new run", async () => {
  const { runs, run } = newWork();
  const first = run();
  const second = run();
  runs[0]?.fail(new Error("no"));
  await expect(first).rejects.toThrow("no");
  await expect.poll(() => runs.length).toBe(2);
  runs[1]?.end();
  await second;
  const third = run();
  expect(runs).toHaveLength(3);
  runs[2]?.end();
  await third;
});
