import type { LogLevel } from "./core-types.ts";

export type LogEntry = {
  level: LogLevel;
  message: string;
  /** The function's name; absent for what the host itself has to say. */
  function?: string;
  invocationId?: string;
};

export type Log = (entry: LogEntry) => void;

/** Writes an entry as one line of JSON on standard output. */
export const logToStdout: Log = ({ level, function: name, invocationId, message }) => {
  const line = { time: new Date().toISOString(), level, function: name, invocationId, message };
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/**
 * Name and message of whatever was thrown, in one line. Without stack, and without the queries of URLs in it: they
 * are where function keys travel.
 */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/\?[^\s"'<>]*=[^\s"'<>]*/g, "").replace(/\s*\n\s*/g, " ");
}
