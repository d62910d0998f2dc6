import type { HttpHandler, HttpResponseInit } from "@azure/functions";
import { logFailure, logTo } from "../log.ts";
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
