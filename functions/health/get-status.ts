import { worst } from "../../shared/health/monitor.ts";
import { Status } from "../../shared/schemas/status.ts";
import { build } from "../build.ts";
import { operation } from "../operation.ts";

export const getStatus = operation({
  id: "GetStatus",
  description:
    "Runs all checks of the app, and returns their results. Each check has its state, the start of this state, and the next thing to do. The operation calls LiveChat at most once a minute.",
  tag: "Operation",
  method: "GET",
  route: "status",
  conditional: true,
  input: {},
  output: { status: 200, description: "The checks.", schema: Status },
  run: async (_, { monitor, settingsSet }, { log }) => {
    const checks = await monitor.examine("everything", log);
    return {
      text: JSON.stringify({ status: worst(checks), ...build, checks, settings: settingsSet }, null, 2),
      headers: { "cache-control": "no-store" },
    };
  },
});
