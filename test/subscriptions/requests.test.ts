import { expect, test } from "vitest";
import { openSubscriptionService } from "../../shared/subscriptions/service.ts";
import { createWakeUp } from "../../shared/subscriptions/wake-up.ts";
import { newLog, newTable, started } from "../event-log/deliveries.ts";
import type { Fault } from "../storage/faults.ts";
import { startSubscriber } from "./subscriber.ts";
import { virtualClock } from "./world.ts";

test("one event to one subscriber costs six requests to the tables", async () => {
  const seen: string[] = [];
  const record: Fault = (send, { method, url }) => {
    seen.push(`${method} ${new URL(url).pathname}`);
    return send();
  };
  // In virtual time, no slow request makes the dispatcher renew a lease or read a page again.
  const { now, wait } = virtualClock();
  const deliveries: Promise<boolean>[] = [];
  const wakeUp = createWakeUp({
    queue: undefined,
    hasSubscriptions: () => subscriptions.hasAny(),
    deliver(seq) {
      const delivery = subscriptions.stored(seq);
      deliveries.push(delivery);
      return delivery;
    },
    now,
    wait: () => new Promise(() => {}),
  });
  const log = newLog({ table: newTable(undefined, record), now, wait, onAppend: () => wakeUp.storing() });
  const table = newTable(undefined, record);
  const subscriptions = openSubscriptionService({ table, log, wakeUp, allowLoopback: true, now, wait });
  const subscriber = await startSubscriber();
  await subscriptions.subscribe({ url: subscriber.url });
  await subscriptions.dispatch();

  // The first delivery also creates and reads what later ones know.
  for (const [index, id] of ["C1", "C2"].entries()) {
    seen.length = 0;
    await log.append(started({ id }));
    await expect.poll(() => deliveries.length).toBe(index + 1);
    expect(await deliveries[index]).toBe(true);
    expect(subscriber.arrivals).toHaveLength(index + 1);
  }
  expect(seen, seen.join("\n")).toHaveLength(6);
});
