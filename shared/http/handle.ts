import type { HttpRequest, InvocationContext } from "@azure/functions";
import { logFailure, logTo } from "../core/log.ts";
import { inSpan, SpanStatusCode } from "../telemetry/spans.ts";
import { conditional } from "./etag.ts";
import type { Idempotency } from "./idempotency/idempotency.ts";
import type { Answer, Input, Invocation, Operation, Reply, Understood } from "./operation.ts";
import { toProblemResponse } from "./problem.ts";
import { understand } from "./understand.ts";

/** The services that `handle` itself uses: `idempotency` for operations that are `repeatable`. */
type HandlerServices = { readonly idempotency?: Idempotency };

/** Answers a request, in a span of its own. */
export function handle<Services extends HandlerServices>(
  operation: Operation<Services>,
  services: Services,
  request: HttpRequest,
  context: InvocationContext,
): Promise<Reply> {
  return inSpan(
    operation.id,
    async (span) => {
      const reply = await respond(operation, services, request, context);
      span.setAttribute("http.response.status_code", reply.status);
      if (reply.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      return withLength(reply);
    },
    { parent: context.traceContext, attributes: { "faas.invocation_id": context.invocationId } },
  );
}

/** Verifies, validates and runs a request. Every error becomes a problem document. */
async function respond<Services extends HandlerServices>(
  operation: Operation<Services>,
  services: Services,
  request: HttpRequest,
  context: InvocationContext,
): Promise<Reply> {
  const { delivery } = operation.input;
  const url = new URL(request.url);
  url.search = "";
  const call: Invocation = { url, headers: request.headers as Headers, log: logTo(context) };
  try {
    delivery?.verify(request, services);
    const { key, ...input } = await understand(operation, request);
    if (key !== undefined) return await repeat(operation, input, services, call, key);
    const reply = toReply(operation, await operation.run(input, services, call));
    return operation.conditional ? conditional(reply, request.headers.get("if-none-match")) : reply;
  } catch (error) {
    delivery?.refused(error, call, services);
    logFailure(error, context);
    return toProblemResponse(error);
  }
}

/** Runs the operation once for each key: repetitions get the same answer. */
async function repeat<Services extends HandlerServices>(
  operation: Operation<Services>,
  input: Understood<Input>,
  services: Services,
  call: Invocation,
  key: string,
): Promise<Reply> {
  const { id: scope, repeatable } = operation;
  const { idempotency } = services;
  if (!repeatable || !idempotency) throw new TypeError(`${scope} cannot be repeated`);
  const { reply, repeated } = await idempotency.once({
    scope,
    key,
    content: input,
    async act(permit) {
      const answer = await operation.run(input, services, { ...call, permit });
      return { reply: toReply(operation, answer), made: repeatable.nameOf(answer.body, input) };
    },
    async find(search) {
      const body = await repeatable.find(input, services, search);
      return body === undefined ? undefined : toReply(operation, { body });
    },
    toReply: toProblemResponse,
  });
  if (repeated) call.log("repeated request answered", { operation: scope, status: reply.status });
  return reply;
}

/** With a known length the host sends the answer in one write. Without it a streamed answer is sent in chunks. */
function withLength({ status, headers, body }: Reply): Reply {
  if (body === undefined) return { status, headers };
  return { status, headers: { ...headers, "content-length": String(Buffer.byteLength(body)) }, body };
}

function toReply<Services>(operation: Operation<Services>, answer: Answer<unknown>): Reply {
  const {
    status = operation.output.status,
    body,
    text = body === undefined ? undefined : JSON.stringify(body),
  } = answer;
  const headers = { ...(text !== undefined && { "content-type": "application/json" }), ...answer.headers };
  return { status, headers, body: text };
}
