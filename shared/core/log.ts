import type { InvocationContext } from "@azure/functions";
import { AppError, originOf } from "./errors.ts";
import { redact } from "./redact.ts";

export type Log = (message: string, fields?: Record<string, unknown>) => void;

/** Writes structured log lines, each a JSON object with the id of the invocation. */
export function logTo(context: InvocationContext): Log {
  const { invocationId } = context;
  return (message, fields = {}) => context.log(JSON.stringify({ message, invocationId, ...fields }));
}

/** Logs an error for the operator. Mistakes of callers are not logged. */
export function logFailure(error: unknown, context: InvocationContext): void {
  if (error instanceof AppError && error.status < 500) return;
  const { invocationId } = context;
  context.error(JSON.stringify({ invocationId, ...describeFailure(error) }));
}

/** The fields of an error for a log line, without private data and without the stack. */
export function describeFailure(error: unknown): Record<string, unknown> {
  if (error instanceof AppError) {
    const { kind, status, summary } = error;
    return {
      message: redact(summary),
      error: kind,
      status,
      cause: redact(originOf(error) ?? "") || undefined,
    };
  }
  const { name, message } = error instanceof Error ? error : { name: "Thrown", message: String(error) };
  return { message: redact(message), error: name };
}
