import * as v from "valibot";
import { runChecks } from "../../shared/health/checks.ts";
import { named } from "../../shared/schemas/scalar.ts";
import { operation } from "../operation.ts";

const Health = v.object({
  status: named(v.picklist(["ok", "bad"]), "Status", "Whether the app does its work."),
  checks: named(
    v.array(
      v.object({ name: v.string(), state: v.picklist(["ok", "attention", "bad"]), detail: v.string() }),
    ),
    "Checks",
    "What was looked at.",
  ),
});

export const health = operation({
  id: "Health",
  summary: "Health",
  description:
    "Whether the app does its work: storage, LiveChat's credentials, the last reconciliation, the quarantine.",
  tag: "Operation",
  method: "GET",
  route: "health",
  access: "anonymous",
  input: {},
  output: { status: 200, description: "It does; 503 when it does not.", schema: Health },
  run: async (_, { checks }) => {
    const found = await runChecks(checks);
    const status = found.some(({ state }) => state === "bad") ? "bad" : "ok";
    // A check a line, for whoever reads it in a terminal at 3 a.m.
    const lines = found.map((check) => `    ${JSON.stringify(check)}`).join(",\n");
    return {
      status: status === "ok" ? 200 : 503,
      text: `{\n  "status": "${status}",\n  "checks": [\n${lines}\n  ]\n}\n`,
      headers: { "cache-control": "no-store" },
    };
  },
});
