import { describe, expect, it } from "vitest";
import { answer, connect, type Script, startUpstream, useVirtualTime, virtually } from "./upstream.ts";

/** Upstreams that allow 20 calls a second, by their way to count. */
const limits: Record<string, () => () => boolean> = {
  "per second of the clock": () => {
    const counts = new Map<number, number>();
    return () => {
      const second = Math.floor(Date.now() / 1000);
      counts.set(second, (counts.get(second) ?? 0) + 1);
      return (counts.get(second) ?? 0) <= 20;
    };
  },
  "in any period of a second": () => {
    const passed: number[] = [];
    return () => {
      const allowed = (passed.at(-20) ?? 0) + 1000 <= Date.now();
      if (allowed) passed.push(Date.now());
      return allowed;
    };
  },
  "in any period of a second, with refused calls": () => {
    const seen: number[] = [];
    return () => {
      seen.push(Date.now());
      return (seen.at(-21) ?? 0) + 1000 <= Date.now();
    };
  },
  "by a bucket that refills": () => {
    let tokens = 20;
    let filled = Date.now();
    return () => {
      tokens = Math.min(20, tokens + (Date.now() - filled) / 50);
      filled = Date.now();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    };
  },
};

const waits: Record<string, () => Record<string, string>> = {
  "Retry-After: 1": () => ({ "retry-after": "1" }),
  "a date in Retry-After": () => ({
    date: new Date().toUTCString(),
    "retry-after": new Date(Date.now() + 1000).toUTCString(),
  }),
  "no Retry-After": () => ({}),
};

const ticketOf: Script = (response, { url }) => answer(response, 200, { id: url.split("/").at(-1) });

describe.each(Object.keys(limits))("an upstream that allows 20 calls a second, counted %s", (kind) => {
  it.each(Object.keys(waits))("60 calls at once all succeed within 100 attempts, with %s", async (wait) => {
    useVirtualTime();
    const allow = limits[kind]?.() ?? (() => true);
    const { url, arrivals } = await startUpstream((response, arrival, nth) =>
      allow() ? ticketOf(response, arrival, nth) : answer(response, 429, {}, waits[wait]?.()),
    );
    // With other jitter, the upstream that counts refused calls too gets more attempts, seldom more than 100.
    const liveChat = connect(url, { rateLimit: 100, random: () => 0.5 });
    const ids = Array.from({ length: 60 }, (_, index) => `T${index}`);
    const calls = Promise.all(ids.map((id) => liveChat.getTicket(id)));
    expect((await virtually(liveChat, calls)).map(({ id }) => id)).toEqual(ids);
    expect(arrivals.length).toBeLessThanOrEqual(100);
  });
});

it("of 150 calls at once under a limit of 100 a minute, 100 are sent and 50 refused", async () => {
  useVirtualTime();
  const { url, arrivals } = await startUpstream(ticketOf);
  const liveChat = connect(url, { rateLimit: 100 });
  const calls = Array.from({ length: 150 }, (_, index) =>
    liveChat.getTicket(`T${index}`).catch((error: unknown) => error),
  );
  const outcomes = await virtually(liveChat, Promise.all(calls));
  const refused = outcomes.filter((outcome) => outcome instanceof Error);
  expect(refused).toHaveLength(50);
  for (const error of refused) expect(error).toMatchObject({ status: 429, retryAfter: 61 });
  expect(arrivals).toHaveLength(100);
});

it("in 270 s a background reader reads 250 pages under a limit of 100 a minute", async () => {
  useVirtualTime();
  const { url, arrivals } = await startUpstream((response) =>
    answer(response, 200, { pages: 250, total: 6_250, tickets: [] }),
  );
  const liveChat = connect(url, { rateLimit: 100 });
  const deadline = Date.now() + 270_000;
  const read = async () => {
    for (let page = 1; page <= 250; page += 1)
      await liveChat.findTickets({}, { page, skip: 0, limit: 25 }, { priority: "background", deadline });
  };
  await virtually(liveChat, read());
  const times = arrivals.map(({ at }) => at);
  expect(times).toHaveLength(250);
  for (const [index, at] of times.entries())
    expect(at - (times[index - 80] ?? 0)).toBeGreaterThanOrEqual(60_000);
});
