import type { LogLevel } from "./core-types.ts";

export type LogEntry = {
  level: LogLevel;
  message: string;
  /** The function's name; absent in the host's own entries. */
  function?: string;
  invocationId?: string;
};

export type Log = (entry: LogEntry) => void;

/** Writes an entry to standard output: one line of JSON, or readable text in a terminal. */
export const logToStdout: Log = ({ level, function: name, invocationId, message }) => {
  const line = JSON.stringify({
    time: new Date().toISOString(),
    level,
    function: name,
    invocationId,
    message,
  });
  process.stdout.write(`${process.stdout.isTTY ? readable(line) : line}\n`);
};

/**
 * Makes a log line readable: time, level, function, message and its fields. The app's messages are JSON themselves. Other
 * lines do not change.
 */
export function readable(line: string): string {
  const entry = parseObject(line);
  if (typeof entry?.time !== "string" || typeof entry.message !== "string") return line;
  const { message, invocationId: _, ...fields } = parseObject(entry.message) ?? { message: entry.message };
  const level = entry.level === "information" ? "" : String(entry.level);
  const values = Object.entries(fields).map(([name, value]) => {
    return `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  const words = [new Date(entry.time).toLocaleTimeString("sv"), level, entry.function, message, ...values];
  return words.filter((word) => word !== undefined && word !== "").join("  ");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/**
 * Name and message of an error in one line, without its stack. The queries of URLs are removed, because they can have
 * function keys.
 */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/\?[^\s"'<>]*=[^\s"'<>]*/g, "").replace(/\s*\n\s*/g, " ");
}
