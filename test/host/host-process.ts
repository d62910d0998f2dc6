import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { PROCESS_ENV } from "../process-env.ts";

const main = resolve(import.meta.dirname, "../../local/host/main.ts");

export const fixture = (name: string) => resolve(import.meta.dirname, "fixtures", name);

export type HostProcessOptions = {
  app?: string;
  args?: string[];
  env?: Record<string, string>;
  /** Starts the host in a shell, as npm does. Signals then go to the shell. */
  shell?: boolean;
  /** Files of the host's directory, by name. */
  files?: Record<string, unknown>;
};

type LogLine = {
  time: string;
  level: string;
  message: string;
  function?: string;
  invocationId?: string;
};

/**
 * Runs the light host in its own process and directory, on a free port. Of this process's environment it has only `PATH`.
 */
export function runHost({ app, args = [], env = {}, files = {}, shell = false }: HostProcessOptions) {
  const cwd = mkdtempSync(join(tmpdir(), "host-"));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(cwd, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  const command = [process.execPath, main, ...(app ? ["--app", app] : [])];
  command.push(...(args.includes("--port") ? [] : ["--port", "0"]), ...args);
  // `:` comes last, because a shell may become the last command of a list.
  const [file = "", ...rest] = shell ? ["sh", "-c", '"$@"; :', "sh", ...command] : command;
  const child = spawn(file, rest, {
    cwd,
    env: { ...PROCESS_ENV, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stdout: string[] = [];
  const stderr: string[] = [];
  const waiting = new Set<() => void>();
  const collect = (stream: NodeJS.ReadableStream, lines: string[]) =>
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const check of waiting) check();
    });
  collect(child.stdout, stdout);
  collect(child.stderr, stderr);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) =>
    child.on("close", (code, signal) => {
      rmSync(cwd, { recursive: true });
      done({ code, signal });
    }),
  );

  /** The first line of standard output that matches. */
  function line(pattern: RegExp): Promise<string> {
    return new Promise((found, failed) => {
      const check = () => {
        const match = stdout.find((candidate) => pattern.test(candidate));
        if (match === undefined) return;
        waiting.delete(check);
        found(match);
      };
      waiting.add(check);
      check();
      exited.then(() =>
        failed(
          new Error(`The host ended without a line like ${pattern}:\n${[...stdout, ...stderr].join("\n")}`),
        ),
      );
    });
  }

  return {
    stdout,
    stderr,
    exited,
    line,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** The host's structured log, in order. */
    log: () => stdout.filter((text) => text.startsWith("{")).map((text): LogLine => JSON.parse(text)),
    async stop() {
      child.kill("SIGTERM");
      return await exited;
    },
  };
}

/** Starts the light host like {@link runHost}, and resolves when it listens. */
export async function startHostProcess(options: HostProcessOptions) {
  const host = runHost(options);
  const url = (await host.line(/^listening on /)).replace("listening on ", "");
  return { ...host, url };
}
