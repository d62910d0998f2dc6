import * as v from "valibot";
import { described, shape } from "../../shared/schemas/vocabulary.ts";
import { operation } from "../operation.ts";

const Health = shape(
  "Health",
  v.object({ status: described(v.picklist(["ok", "bad"]), "Whether the app works.") }),
  { status: "ok" },
);

export const health = operation({
  id: "Health",
  description:
    "Returns in one word whether the app works. GET /status explains what is wrong and what to do.",
  tag: "Operation",
  method: "GET",
  route: "health",
  anonymous: true,
  input: {},
  output: {
    status: 200,
    description: "The app works.",
    schema: Health,
    otherStatuses: { 503: "The app does not work: see GET /status." },
  },
  run: async (_, { monitor }, { log }) => {
    const found = await monitor.examine("vital", log);
    const headers = { "cache-control": "no-store" };
    return found.some(({ state }) => state === "bad")
      ? { status: 503, body: { status: "bad" }, headers }
      : { body: { status: "ok" }, headers };
  },
});
