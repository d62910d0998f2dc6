import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createPoller } from "../../console/parts/poller.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
type Answer = { status: number; retryAfter?: number } | undefined;

/** A poller in virtual time. Each call takes the next answer. `calls` has the second of each call. */
function newPoller(
  answers: (Answer | Promise<Answer>)[] = [],
  { everyMs }: { everyMs: number | undefined } = { everyMs: 15 * SECOND },
) {
  const timers = new Set<{ at: number; work: () => void }>();
  const page = { time: 0, hidden: false, paused: false, calls: [] as number[], shown: [] as Answer[] };
  const poller = createPoller<Answer>({
    async work() {
      page.calls.push(page.time / SECOND);
      return answers.shift();
    },
    show(answer) {
      page.shown.push(answer);
      return answer;
    },
    everyMs,
    isHidden: () => page.hidden,
    isPaused: () => page.paused,
    now: () => page.time,
    later(milliseconds, work) {
      const timer = { at: page.time + milliseconds, work };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  async function advance(milliseconds: number) {
    const end = page.time + milliseconds;
    for (;;) {
      const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      page.time = next.at;
      timers.delete(next);
      next.work();
      await setImmediate();
    }
    page.time = end;
  }
  return { poller, page, advance };
}

const ONCE = { everyMs: undefined };
const failing = (count: number, failure: Answer) => Array.from({ length: count }, () => failure);

describe("createPoller", () => {
  test("a poller calls at once and then at its interval", async () => {
    const { poller, page, advance } = newPoller();
    poller.start();
    await advance(31 * SECOND);
    expect(page.calls).toEqual([0, 15, 30]);
    expect(page.shown).toEqual([undefined, undefined, undefined]);
  });

  test("a poller of a hidden page waits with its call until the page is shown", async () => {
    const { poller, page, advance } = newPoller();
    page.hidden = true;
    poller.start();
    await advance(MINUTE);
    expect(page.calls).toEqual([]);
    page.hidden = false;
    poller.update();
    await advance(SECOND);
    page.hidden = true;
    poller.update();
    await advance(5 * MINUTE);
    page.hidden = false;
    poller.update();
    await advance(15 * SECOND);
    expect(page.calls).toEqual([60, 361, 376]);
  });

  test("a poller keeps the time of a call that is not due when the page is shown", async () => {
    const { poller, page, advance } = newPoller();
    poller.start();
    await advance(SECOND);
    page.hidden = true;
    poller.update();
    await advance(SECOND);
    page.hidden = false;
    poller.update();
    await advance(14 * SECOND);
    expect(page.calls).toEqual([0, 15]);
  });

  test("a paused poller makes only the first call", async () => {
    const { poller, page, advance } = newPoller();
    page.paused = true;
    poller.start();
    await advance(5 * MINUTE);
    expect(page.calls).toEqual([0]);
    page.paused = false;
    poller.update();
    await advance(SECOND);
    expect(page.calls).toEqual([0, 300]);
  });

  test.each<[string, Answer, number[]]>([
    ["a minute while the app is down", { status: 503 }, [0, 15, 45, 105, 165]],
    ["a minute without an answer", { status: 0 }, [0, 15, 45, 105, 165]],
    ["five minutes after a 429", { status: 429 }, [0, 15, 45, 105, 225, 465, 765, 1065]],
  ])("doubles its pauses up to %s", async (_, failure, expected) => {
    const { poller, page, advance } = newPoller(failing(9, failure));
    poller.start();
    await advance((expected.at(-1) ?? 0) * SECOND);
    expect(page.calls).toEqual(expected);
  });

  test("a poller calls at its interval again after a success", async () => {
    const { poller, page, advance } = newPoller(failing(3, { status: 500 }));
    poller.start();
    await advance(2 * MINUTE);
    expect(page.calls).toEqual([0, 15, 45, 105, 120]);
  });

  test.each([429, 503])("waits for the Retry-After of a %i", async (status) => {
    const { poller, page, advance } = newPoller([{ status, retryAfter: 100 }]);
    poller.start();
    await advance(2 * MINUTE);
    expect(page.calls).toEqual([0, 100, 115]);
  });

  test("a poller makes no further call after a 401", async () => {
    const { poller, page, advance } = newPoller([{ status: 401 }]);
    poller.start();
    await advance(MINUTE);
    poller.hurry();
    await advance(MINUTE);
    expect(page.calls).toEqual([0]);
  });

  test("after a failure a poller calls at once when the network is back", async () => {
    const { poller, page, advance } = newPoller(failing(3, { status: 0 }));
    poller.start();
    await advance(50 * SECOND);
    poller.hurry();
    await advance(SECOND);
    expect(page.calls).toEqual([0, 15, 45, 50]);
    // The last call was a success, so the next one keeps its time.
    poller.hurry();
    await advance(14 * SECOND);
    expect(page.calls).toEqual([0, 15, 45, 50, 65]);
  });

  test("a poller without an interval repeats its call until the app answers", async () => {
    const answers = [{ status: 503 }, { status: 429, retryAfter: 40 }, { status: 0 }];
    const { poller, page, advance } = newPoller(answers, ONCE);
    poller.start();
    await advance(10 * MINUTE);
    expect(page.calls).toEqual([0, 15, 55, 115]);
  });

  test.each([404, 500, 502])(
    "without an interval does not repeat a call that ended with %i",
    async (status) => {
      const { poller, page, advance } = newPoller([{ status }], ONCE);
      poller.start();
      await advance(10 * MINUTE);
      expect(page.calls).toEqual([0]);
    },
  );

  test("a poller makes one call at a time", async () => {
    const slow = Promise.withResolvers<Answer>();
    const { poller, page, advance } = newPoller([slow.promise]);
    poller.start();
    await advance(MINUTE);
    poller.update();
    await advance(MINUTE);
    expect(page.calls).toEqual([0]);
    slow.resolve(undefined);
    await setImmediate();
    await advance(15 * SECOND);
    expect(page.calls).toEqual([0, 135]);
  });

  test("a stopped poller makes no call", async () => {
    const { poller, page, advance } = newPoller();
    poller.start();
    await advance(SECOND);
    poller.stop();
    await advance(MINUTE);
    expect(page.calls).toEqual([0]);
  });

  test("a stopped poller ignores the answer of the present call", async () => {
    const slow = Promise.withResolvers<Answer>();
    const { poller, page, advance } = newPoller([slow.promise]);
    poller.start();
    await advance(SECOND);
    poller.stop();
    slow.resolve({ status: 503 });
    await setImmediate();
    await advance(MINUTE);
    expect([page.calls, page.shown]).toEqual([[0], []]);
  });
});
