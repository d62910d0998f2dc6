import type { InvocationContext } from "@azure/functions";
import { AppError } from "./errors.ts";
import { redact } from "./redact.ts";

export type Log = (message: string, fields?: Record<string, unknown>) => void;

/** Writes structured lines, a JSON object each, tied to the invocation. */
export function logTo(context: InvocationContext): Log {
  const { invocationId } = context;
  return (message, fields = {}) => context.log(JSON.stringify({ message, invocationId, ...fields }));
}

/** A caller's mistake is not news; what the operator can do something about is. */
export function logFailure(error: unknown, context: InvocationContext): void {
  if (error instanceof AppError && error.status < 500) return;
  const { name, message } = error instanceof Error ? error : { name: "Thrown", message: String(error) };
  const detail =
    error instanceof AppError
      ? { error: error.kind, status: error.status, cause: causeOf(error) }
      : { error: name };
  const { invocationId } = context;
  context.error(JSON.stringify({ message: redact(message), invocationId, ...detail }));
}

function causeOf({ cause }: Error): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code = "code" in cause && typeof cause.code === "string" ? ` (${cause.code})` : "";
  return redact(`${cause.name}${code}: ${cause.message}`);
}
