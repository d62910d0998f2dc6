import * as v from "valibot";
import { worst } from "../../shared/health/monitor.ts";
import { moment, named, shape } from "../../shared/schemas/vocabulary.ts";
import { build } from "../build.ts";
import { operation } from "../operation.ts";

const STATES = ["ok", "attention", "bad", "unknown"] as const;

const Status = shape(
  "Status",
  v.object({
    status: named(v.picklist(STATES), "Status", "The worst of the checks."),
    version: named(v.string(), "Version", "The version of this app."),
    commit: named(v.string(), "Commit", "The commit that it was built from; unknown where there was none."),
    checks: named(
      v.array(
        v.object({
          name: named(v.string(), "Name", "What was looked at."),
          state: named(
            v.picklist(STATES),
            "State",
            "Fine, something for a person to look at, broken, or not to be told because of another check.",
          ),
          since: named(moment, "Since", "Since when it has been seen in this state."),
          detail: named(v.string(), "Detail", "What was found."),
          action: named(v.string(), "Action", "What to do about it."),
        }),
      ),
      "Checks",
      "What was looked at, causes before what comes of them.",
    ),
  }),
  {
    status: "bad",
    version: "1.0.0",
    commit: "1f3a9c2",
    checks: [
      {
        name: "livechat",
        state: "bad",
        since: "2026-01-15T09:40:00.000Z",
        detail: "LiveChat refuses the credentials of this app.",
        action: "Make a new API key in LiveChat, and put it into LIVECHAT_API_KEY.",
      },
    ],
  },
);

export const getStatus = operation({
  id: "GetStatus",
  summary: "Get status",
  description:
    "Everything that can be wrong with the app: how it is, since when, and what to do about it. LiveChat is called once a minute at most, however often this is asked.",
  tag: "Operation",
  method: "GET",
  route: "status",
  access: "key",
  input: {},
  output: { status: 200, description: "The checks.", schema: Status },
  run: async (_, { monitor }) => {
    const checks = await monitor.examine();
    const body = { status: worst(checks), ...build, checks };
    // A check a line, for whoever reads it in a terminal at 3 a.m.
    const lines = checks.map(
      ({ name, state, since, detail, action }) =>
        `    ${JSON.stringify({ name, state, since, detail, action })}`,
    );
    const head = JSON.stringify({ ...body, checks: [] }, undefined, 2);
    return {
      text: head.replace("[]", () => `[\n${lines.join(",\n")}\n  ]`),
      headers: { "cache-control": "no-store" },
    };
  },
});
