import { randomUUID } from "node:crypto";
import type { CoreInvocationContext, InvocationResponse, TraceContext, TriggerData } from "./core-types.ts";
import type { FunctionApp, RegisteredFunction } from "./function-app.ts";
import { describeError } from "./log.ts";

export type Trigger = {
  /** By default a new id. */
  invocationId?: string;
  data: TriggerData;
  metadata?: Record<string, TriggerData>;
  /** The caller's W3C trace headers, if it sent them. */
  traceparent?: string;
  tracestate?: string;
};

/**
 * Runs one invocation through the library's own model, in the order of the official worker: arguments, preInvocation
 * hooks, the function, postInvocation hooks, response.
 *
 * @throws the error of the function, a hook or the conversion, after logging it
 */
export async function invoke(
  app: FunctionApp,
  fn: RegisteredFunction,
  trigger: Trigger,
): Promise<InvocationResponse> {
  if (!app.model) throw new Error("No programming model is set");
  const invocation: { name: string; id: string; context?: object } = {
    name: fn.name,
    id: trigger.invocationId ?? randomUUID(),
  };
  const core: CoreInvocationContext = {
    invocationId: invocation.id,
    metadata: fn.metadata,
    request: {
      invocationId: invocation.id,
      functionId: fn.name,
      inputData: [{ name: fn.triggerName, data: trigger.data }],
      triggerMetadata: trigger.metadata ?? {},
      traceContext: traceContext(trigger),
    },
    log: (level, category, message) => app.write(level, category, message, invocation),
  };
  try {
    const model = app.model.getInvocationModel(core);
    const { context, inputs } = await model.getArguments();
    invocation.context = context;
    const hookData = {};

    const before = { hookData, invocationContext: context, inputs, functionCallback: fn.callback };
    core.state = "preInvocationHooks";
    await app.runHooks("preInvocation", before);

    const after = {
      hookData,
      invocationContext: context,
      inputs: before.inputs,
      result: null as unknown,
      error: null as unknown,
    };
    core.state = "invocation";
    try {
      after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after.error = error ?? new Error("The function threw nothing");
    }
    core.state = "postInvocationHooks";
    await app.runHooks("postInvocation", after);
    core.state = undefined;

    if (after.error) throw after.error;
    return await model.getResponse(context, after.result);
  } catch (error) {
    app.write("error", "system", describeError(error), invocation);
    throw error;
  }
}

function traceContext({ traceparent, tracestate = "" }: Trigger): TraceContext {
  const valid =
    traceparent !== undefined && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(traceparent);
  if (valid) return { traceParent: traceparent, traceState: tracestate, attributes: {} };
  const [traceId, parentId] = [randomUUID(), randomUUID()].map((uuid) => uuid.replaceAll("-", ""));
  return { traceParent: `00-${traceId}-${parentId?.slice(16)}-00`, traceState: "", attributes: {} };
}
