import * as v from "valibot";
import { worst } from "../../shared/health/monitor.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, moment, shape } from "../../shared/schemas/vocabulary.ts";
import { build } from "../build.ts";
import { operation } from "../operation.ts";

const STATES = ["ok", "attention", "bad", "unknown"] as const;

const Status = shape(
  "Status",
  v.object({
    status: described(v.picklist(STATES), "The worst of the checks."),
    version: described(v.string(), "The version of this app."),
    commit: described(v.string(), "The commit that it was built from, or unknown."),
    checks: described(
      v.array(
        v.object({
          name: described(v.string(), "Name of the check."),
          state: described(
            v.picklist(STATES),
            "ok; attention: look at it. bad: broken. unknown: not checked while another check is bad.",
          ),
          since: described(moment, "When the check was first seen in this state."),
          detail: described(v.string(), "What was found."),
          action: described(v.string(), "What to do about it."),
        }),
      ),
      "Causes come before their effects.",
    ),
    settings: described(
      v.array(
        v.object({
          name: described(v.string(), "Name of the setting."),
          set: described(v.boolean(), "Whether it has a value. Without one, its default is used."),
        }),
      ),
      "Every setting of the app, without values.",
    ),
  }),
  {
    status: "bad",
    version: "1.0.0",
    commit: "1f3a9c2",
    checks: [examples.failedCheck],
    settings: [{ name: "LIVECHAT_API_KEY", set: true }],
  },
);

export const getStatus = operation({
  id: "GetStatus",
  description:
    "Checks everything that can be wrong with the app: its state, since when, and what to do about it. However often this is called, LiveChat is called at most once a minute.",
  tag: "Operation",
  method: "GET",
  route: "status",
  conditional: true,
  input: {},
  output: { status: 200, description: "The checks.", schema: Status },
  run: async (_, { monitor, settingsSet }, { log }) => {
    const checks = await monitor.examine("everything", log);
    return {
      text: JSON.stringify({ status: worst(checks), ...build, checks, settings: settingsSet() }, null, 2),
      headers: { "cache-control": "no-store" },
    };
  },
});
