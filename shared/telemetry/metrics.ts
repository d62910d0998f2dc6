import { type MeterProvider, metrics } from "@opentelemetry/api";

/** What is measured. Attributes are kinds and counts, of which there are few: never an id. */
function createInstruments(provider: MeterProvider) {
  const meter = provider.getMeter("livechat-functions");
  return {
    /** `type`, and `outcome`: stored, duplicate, quarantined, or the kind of problem that it was answered with. */
    events: meter.createCounter("livechat.events", { description: "Deliveries of LiveChat's webhooks." }),
    payload: meter.createHistogram("livechat.payload.size", {
      unit: "By",
      description: "Size of their bodies.",
      advice: { explicitBucketBoundaries: [1e3, 1e4, 1e5, 1e6, 1e7] },
    }),
    /** `method`, `route`, `status` (0 when there was no answer), `retry`. */
    calls: meter.createCounter("livechat.calls", { description: "Attempts of calls to LiveChat." }),
    callDuration: meter.createHistogram("livechat.call.duration", {
      unit: "ms",
      description: "How long LiveChat takes.",
    }),
    callWait: meter.createHistogram("livechat.call.wait", {
      unit: "ms",
      description: "How long calls wait for their turn.",
    }),
    budgetLeft: meter.createGauge("livechat.budget.left", {
      description: "Calls that this instance may still make in the current minute.",
    }),
    /** `mode`, `outcome`. */
    runs: meter.createCounter("livechat.reconcile.runs", { description: "Runs of the reconciliation." }),
    recovered: meter.createCounter("livechat.reconcile.recovered", {
      description: "Tickets that no webhook reported.",
    }),
    reconcileAge: meter.createGauge("livechat.reconcile.age", {
      unit: "s",
      description: "Age of the last reconciliation that succeeded.",
    }),
    reconcileLag: meter.createGauge("livechat.reconcile.lag", {
      unit: "s",
      description: "Age of the last modification up to which all tickets are stored, at the end of a run.",
    }),
    /** `outcome`: delivered, failed, given up. */
    deliveries: meter.createCounter("livechat.deliveries", {
      description: "Events sent to subscribers.",
    }),
    subscriptionLag: meter.createGauge("livechat.subscriptions.lag", {
      description: "Events that the subscriber that is furthest behind has not got.",
    }),
  };
}

type Instruments = ReturnType<typeof createInstruments>;

let made: { provider: MeterProvider; instruments: Instruments } | undefined;

/** The instruments, which measure nothing and cost nothing until telemetry is configured. */
export function measure(): Instruments {
  // Unlike a tracer, an instrument that was made too early stays idle for ever.
  const provider = metrics.getMeterProvider();
  if (made?.provider !== provider) made = { provider, instruments: createInstruments(provider) };
  return made.instruments;
}
