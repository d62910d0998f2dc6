import * as v from "valibot";
import { runChecks } from "../../shared/health/checks.ts";
import { shape } from "../../shared/schemas/published.ts";
import { named } from "../../shared/schemas/scalar.ts";
import { operation } from "../operation.ts";

const Health = shape(
  "Health",
  v.object({
    status: named(v.picklist(["ok", "bad"]), "Status", "Whether the app does its work."),
    checks: named(
      v.array(
        v.object({
          name: named(v.string(), "Name", "What was looked at."),
          state: named(
            v.picklist(["ok", "attention", "bad"]),
            "State",
            "Fine, something for a person to look at, or broken.",
          ),
          detail: named(v.string(), "Detail", "What was found."),
        }),
      ),
      "Checks",
      "What was looked at.",
    ),
  }),
  {
    status: "ok",
    checks: [{ name: "storage", state: "ok", detail: "Table Storage can be written and read." }],
  },
);

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
  output: {
    status: 200,
    description: "It does.",
    schema: Health,
    otherStatuses: { 503: "It does not: a check says why." },
  },
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
