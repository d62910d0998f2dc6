import { parseArgs } from "node:util";
import { startSandbox } from "./sandbox.ts";

const { values } = parseArgs({ options: { port: { type: "string" }, tickets: { type: "string" } } });

const sandbox = await startSandbox({ port: Number(values.port ?? 0) });
sandbox.tickets.fill(Number(values.tickets ?? 60));
console.log(`LiveChat sandbox listening on ${sandbox.url}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => sandbox.close());
