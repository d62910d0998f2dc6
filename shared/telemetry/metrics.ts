import type { Attributes, Gauge, Histogram, Meter, MetricOptions } from "@opentelemetry/api";
import { lazy } from "../core/lazy.ts";

type Measurement = (meter: Meter) => void;

let meter: Meter | undefined;
/** Measurements until the meter is set; absent when no meter is expected. */
let waiting: Measurement[] | undefined;

/** Keeps measurements from now on, until {@link measureWith} sets the meter. */
export function awaitMeter(): void {
  waiting ??= [];
}

/** Records the kept measurements and all later ones with a meter. Without a meter, drops them. */
export function measureWith(given: Meter | undefined): void {
  const kept = waiting ?? [];
  meter = given;
  waiting = undefined;
  for (const measurement of kept) recordOrKeep(measurement);
}

function recordOrKeep(measurement: Measurement): void {
  if (meter) measurement(meter);
  else waiting?.push(measurement);
}

function counter(name: string, options: MetricOptions) {
  const made = lazy((by: Meter) => by.createCounter(name, options));
  return { add: (value: number, of?: Attributes) => recordOrKeep((by) => made(by).add(value, of)) };
}

function recorder(create: (by: Meter) => Gauge | Histogram) {
  const made = lazy(create);
  return { record: (value: number, of?: Attributes) => recordOrKeep((by) => made(by).record(value, of)) };
}

const histogram = (name: string, options: MetricOptions) =>
  recorder((by) => by.createHistogram(name, options));
const gauge = (name: string, options: MetricOptions) => recorder((by) => by.createGauge(name, options));

/**
 * The instruments of the app. Without telemetry they record nothing, at no cost. Attributes have few values: kinds and
 * counts, never an id.
 */
export const metrics = {
  /** `type`, and `outcome`: stored, duplicate, quarantined, or the kind of the problem in the answer. */
  events: counter("livechat.events", { description: "Deliveries of LiveChat's webhooks." }),
  payload: histogram("livechat.payload.size", {
    unit: "By",
    description: "Size of the bodies of deliveries.",
    advice: { explicitBucketBoundaries: [1e3, 1e4, 1e5, 1e6, 1e7] },
  }),
  /** `method`, `route`, `status` (0 without an answer), `retry`. */
  calls: counter("livechat.calls", { description: "Attempts of calls to LiveChat." }),
  callDuration: histogram("livechat.call.duration", {
    unit: "ms",
    description: "Duration of calls to LiveChat.",
  }),
  callWait: histogram("livechat.call.wait", {
    unit: "ms",
    description: "How long calls wait for their turn.",
  }),
  budgetLeft: gauge("livechat.budget.left", {
    description: "Calls that this instance may still make in the current minute.",
  }),
  /** `mode`, `outcome`. */
  runs: counter("livechat.reconcile.runs", { description: "Runs of the reconciliation." }),
  recovered: counter("livechat.reconcile.recovered", {
    description: "Tickets that no webhook reported.",
  }),
  reconcileAge: gauge("livechat.reconcile.age", {
    unit: "s",
    description: "Age of the last reconciliation that succeeded.",
  }),
  reconcileLag: gauge("livechat.reconcile.lag", {
    unit: "s",
    description: "Age of the checkpoint at the end of a run: all earlier modifications are stored.",
  }),
  /** `type`, and `outcome`: delivered and failed count events; given up counts subscriptions. */
  deliveries: counter("livechat.deliveries", {
    description: "Events sent to subscribers, and subscriptions that were given up.",
  }),
  subscriptionLag: gauge("livechat.subscriptions.lag", {
    description: "Events that the slowest subscriber has not received yet.",
  }),
};
