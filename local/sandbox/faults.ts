import * as v from "valibot";
import { read } from "./refusal.ts";

/** Which calls a fault is for, and how many of them. */
const which = {
  method: v.optional(v.string()),
  /** The call's path begins with this. */
  path: v.optional(v.string()),
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
};

/** With `committed`, LiveChat does what it was asked, and only then fails to say so. */
const early = { ...which, committed: v.optional(v.boolean(), false) };

const Fault = v.variant("do", [
  /** Another answer: any status, and a body that is text, HTML, nothing at all, or else JSON. */
  v.object({
    ...early,
    do: v.literal("answer"),
    status: v.number(),
    body: v.optional(v.unknown(), ""),
    headers: v.optional(v.record(v.string(), v.string()), {}),
  }),
  /** No answer, ever. */
  v.object({ ...early, do: v.literal("stall") }),
  /** The connection ends without an answer. */
  v.object({ ...early, do: v.literal("drop") }),
  /** The connection ends in the middle of the true answer. */
  v.object({ ...which, do: v.literal("cut") }),
  /** The second half of the true answer comes only after `pause` milliseconds. */
  v.object({ ...which, do: v.literal("slow"), pause: v.number() }),
  /** A ticket page shows only its first `keep` tickets, and tells the true totals. */
  v.object({ ...which, do: v.literal("short-page"), keep: v.number() }),
  /** A ticket page says that the account has no tickets. */
  v.object({ ...which, do: v.literal("no-tickets") }),
]);

export type Fault = v.InferInput<typeof Fault>;
export type PlannedFault = v.InferOutput<typeof Fault>;

/** The failures to come, in order: each call meets the first that is for it. */
export class Faults {
  #planned: PlannedFault[] = [];

  get planned(): readonly PlannedFault[] {
    return this.#planned;
  }

  /** Adds to the end of the queue. */
  plan(...faults: Fault[]): readonly PlannedFault[] {
    this.#planned.push(...read(v.array(Fault), faults));
    return this.#planned;
  }

  clear(): readonly PlannedFault[] {
    this.#planned = [];
    return this.#planned;
  }

  /** Takes the fault that this call meets. */
  next(method: string, path: string): PlannedFault | undefined {
    const fault = this.#planned.find(
      (fault) => (fault.method ?? method) === method && path.startsWith(fault.path ?? "/"),
    );
    if (fault && --fault.times === 0) this.#planned = this.#planned.filter((other) => other !== fault);
    return fault;
  }
}
