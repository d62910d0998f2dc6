import type { HttpHandler, HttpResponseInit, InvocationContext } from "@azure/functions";
import { AppError } from "../errors.ts";
import { redact } from "../redact.ts";
import type { Answer, Call, Operation } from "./operation.ts";
import { toProblemResponse } from "./problem.ts";
import { understand } from "./understand.ts";

/** Makes the handler that Azure Functions calls: guard, understand, run, answer; every error becomes a problem. */
export function handle<Services>(operation: Operation<Services>, services: Services): HttpHandler {
  return async (request, context) => {
    try {
      const url = new URL(request.url);
      url.search = "";
      const call: Call = { url, headers: request.headers as Call["headers"], log: logTo(context) };
      operation.guard?.(call, services);
      const input = await understand(operation.input, request);
      return toResponse(operation, await operation.run(input, services, call));
    } catch (error) {
      logFailure(error, context);
      return toProblemResponse(error);
    }
  };
}

function toResponse<Services>(operation: Operation<Services>, answer: Answer<unknown>): HttpResponseInit {
  const {
    status = operation.output.status,
    body,
    text = body === undefined ? undefined : JSON.stringify(body),
  } = answer;
  const headers = { ...(text !== undefined && { "content-type": "application/json" }), ...answer.headers };
  return { status, headers, body: text };
}

function logTo(context: InvocationContext): Call["log"] {
  return (message, fields = {}) => context.log(JSON.stringify({ message, ...fields }));
}

/** A caller's mistake is not news; what the operator can do something about is. */
function logFailure(error: unknown, context: InvocationContext): void {
  if (error instanceof AppError && error.status < 500) return;
  const { name, message } = error instanceof Error ? error : { name: "Thrown", message: String(error) };
  const detail = error instanceof AppError ? { status: error.status, cause: causeOf(error) } : {};
  context.error(JSON.stringify({ message: redact(message), error: name, ...detail }));
}

function causeOf({ cause }: Error): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code = "code" in cause && typeof cause.code === "string" ? ` (${cause.code})` : "";
  return redact(`${cause.name}${code}: ${cause.message}`);
}
