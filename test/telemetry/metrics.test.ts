import { expect, test } from "vitest";
import { awaitMeter, measureWith, metrics } from "../../shared/telemetry/metrics.ts";
import { inMemoryMeter } from "./in-memory-meter.ts";

test("measurements before the meter is set are kept only after awaitMeter", async () => {
  const { meter, points } = inMemoryMeter();
  const type = "chat_ended";
  metrics.events.add(100, { type });
  awaitMeter();
  metrics.events.add(1, { type });
  metrics.payload.record(2_000, { type });
  measureWith(meter);
  metrics.events.add(1, { type });
  expect(await points()).toEqual([
    ["livechat.events", 2, { type }],
    ["livechat.payload.size", expect.objectContaining({ count: 1, sum: 2_000 }), { type }],
  ]);
});

test("without a meter, kept and later measurements are dropped", async () => {
  awaitMeter();
  metrics.events.add(1, { type: "chat_ended" });
  measureWith(undefined);
  metrics.events.add(1, { type: "chat_ended" });
  const { meter, points } = inMemoryMeter();
  measureWith(meter);
  expect(await points()).toEqual([]);
});
