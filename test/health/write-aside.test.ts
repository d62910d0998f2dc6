import { expect, test } from "vitest";
import { writeAside } from "../../shared/health/write-aside.ts";

const MINUTE = 60_000;

/** A scheduled write, with a clock and the waits of its timers. */
function schedule() {
  let clock = 0;
  let writes = 0;
  const timers: { run: () => void; wait: number }[] = [];
  const write = writeAside(async () => void writes++, {
    now: () => clock,
    later: (run, wait) => timers.push({ run, wait }),
  });
  return {
    write,
    writes: () => writes,
    /** Runs the scheduled writes, and returns how long each has waited. */
    run(at: number) {
      clock = at;
      return timers.splice(0).map(({ run, wait }) => {
        run();
        return wait;
      });
    },
  };
}

test("the first write is scheduled at once, the next one a minute later", () => {
  const { write, run } = schedule();
  write();
  expect(run(0)).toEqual([0]);
  write();
  expect(run(MINUTE)).toEqual([MINUTE]);
});

test("any number of calls before a write share that write", () => {
  const { write, writes, run } = schedule();
  for (let call = 0; call < 100; call++) write();
  expect(run(0)).toEqual([0]);
  expect(writes()).toBe(1);
});

test("a call with `now` is not delayed by a write of the same minute", () => {
  const { write, run } = schedule();
  write();
  run(0);
  write("now");
  expect(run(1_000)).toEqual([0]);
});
