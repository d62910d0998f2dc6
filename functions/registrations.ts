import type { HttpFunctionOptions } from "@azure/functions";
import { operations } from "./operations.ts";
import { receivers } from "./receivers/index.ts";

type FunctionRegistration = Required<Pick<HttpFunctionOptions, "methods" | "route" | "authLevel">> & {
  id: string;
  /** True for a receiver of webhooks. */
  receives: boolean;
};

/**
 * The registrations of all operations. The bundler runs this module, and replaces its code in the bundle by the result.
 */
export const registrations: readonly FunctionRegistration[] = operations.map(
  ({ id, method, route, anonymous }) => ({
    id,
    // Monitors call operations that need no key with HEAD.
    methods: method === "GET" && anonymous ? ["GET", "HEAD"] : [method],
    route,
    authLevel: anonymous ? "anonymous" : "function",
    receives: receivers.some((receiver) => receiver.id === id),
  }),
);
