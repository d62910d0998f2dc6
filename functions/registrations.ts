import type { HttpFunctionOptions } from "@azure/functions";
import { operations } from "./operations.ts";
import { receivers } from "./receivers/index.ts";

type FunctionRegistration = Required<Pick<HttpFunctionOptions, "methods" | "route" | "authLevel">> & {
  id: string;
  /** Whether it is one of the receivers. */
  receives: boolean;
};

/** How each operation is registered. The bundler runs this module, and puts its value into the bundle in place of its code. */
export const registrations: readonly FunctionRegistration[] = operations.map(
  ({ id, method, route, anonymous }) => ({
    id,
    // Monitors ask for pages that need no key by HEAD.
    methods: method === "GET" && anonymous ? ["GET", "HEAD"] : [method],
    route,
    authLevel: anonymous ? "anonymous" : "function",
    receives: receivers.some((receiver) => receiver.id === id),
  }),
);
