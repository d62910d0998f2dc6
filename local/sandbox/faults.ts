import * as v from "valibot";
import { read } from "./refusal.ts";

/** Selects the calls that get the fault, and limits their number. */
const target = {
  method: v.optional(v.string()),
  /** The beginning of the call's path. */
  path: v.optional(v.string()),
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
};

/** With `committed`, LiveChat carries out the call before the fault. */
const lostAnswer = { ...target, committed: v.optional(v.boolean(), false) };

const Fault = v.variant("do", [
  /** Another answer, with any status. A string is sent as text or HTML, any other body as JSON. */
  v.object({
    ...lostAnswer,
    do: v.literal("answer"),
    status: v.number(),
    body: v.optional(v.unknown(), ""),
    headers: v.optional(v.record(v.string(), v.string()), {}),
  }),
  /** No answer at all. */
  v.object({ ...lostAnswer, do: v.literal("stall") }),
  /** The connection ends without an answer. */
  v.object({ ...lostAnswer, do: v.literal("drop") }),
  /** The connection ends in the middle of the true answer. */
  v.object({ ...target, do: v.literal("cut") }),
  /** The second half of the true answer is sent `pause` milliseconds after the first. */
  v.object({ ...target, do: v.literal("slow"), pause: v.number() }),
  /** A page of tickets has only its first `keep` tickets, and the true totals. */
  v.object({ ...target, do: v.literal("short-page"), keep: v.number() }),
  /** A page of tickets says that the account has no tickets. */
  v.object({ ...target, do: v.literal("no-tickets") }),
]);

export type Fault = v.InferInput<typeof Fault>;
export type PlannedFault = v.InferOutput<typeof Fault>;

/** The planned faults, in order. A call ends in the first fault for its method and path. */
export class Faults {
  #planned: PlannedFault[] = [];

  get planned(): readonly PlannedFault[] {
    return this.#planned;
  }

  /** Adds faults to the end of the queue. */
  plan(...faults: Fault[]): readonly PlannedFault[] {
    this.#planned.push(...read(v.array(Fault), faults));
    return this.#planned;
  }

  clear(): readonly PlannedFault[] {
    this.#planned = [];
    return this.#planned;
  }

  /** Takes the fault of this call from the queue. */
  next(method: string, path: string): PlannedFault | undefined {
    const fault = this.#planned.find(
      (fault) => (fault.method ?? method) === method && path.startsWith(fault.path ?? "/"),
    );
    if (fault && --fault.times === 0) this.#planned = this.#planned.filter((other) => other !== fault);
    return fault;
  }
}
