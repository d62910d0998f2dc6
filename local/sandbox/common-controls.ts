import type { Calls } from "./calls.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Fault, Faults } from "./faults.ts";
import type { Input } from "./routes.ts";
import type { Limits, Throttle } from "./throttle.ts";

type Controlled = { deliveries: Deliveries; calls: Calls; faults: Faults; throttle: Throttle };

/** The controls of both sandboxes. */
export function commonControls({ deliveries, calls, faults, throttle }: Controlled) {
  return {
    "GET /sandbox/deliveries": () => deliveries.list,
    "POST /sandbox/deliveries/:id/repeat": ({ params: { id = "" } }: Input) => deliveries.repeat(id),

    "GET /sandbox/calls": () => ({ count: calls.count, calls: calls.list }),
    "DELETE /sandbox/calls": () => ({ result: `${calls.clear()} calls forgotten` }),

    "GET /sandbox/faults": () => faults.planned,
    /** The body is one fault, or a list of faults. */
    "POST /sandbox/faults": ({ body }: Input) => faults.plan(...[body as Fault | Fault[]].flat()),
    "DELETE /sandbox/faults": () => faults.clear(),

    "PUT /sandbox/throttle": ({ body }: Input) => throttle.set(body as Partial<Limits>),
  };
}
