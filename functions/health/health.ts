import * as v from "valibot";
import { named, shape } from "../../shared/schemas/vocabulary.ts";
import { operation } from "../operation.ts";

const Health = shape(
  "Health",
  v.object({ status: named(v.picklist(["ok", "bad"]), "Status", "Whether the app does its work.") }),
  { status: "ok" },
);

export const health = operation({
  id: "Health",
  summary: "Health",
  description:
    "Whether the app does its work. What is wrong, and what to do about it, is told by GET /status.",
  tag: "Operation",
  method: "GET",
  route: "health",
  access: "anonymous",
  input: {},
  output: {
    status: 200,
    description: "It does.",
    schema: Health,
    otherStatuses: { 503: "It does not: see GET /status." },
  },
  run: async (_, { monitor }) => {
    const found = await monitor.examine("vital");
    const headers = { "cache-control": "no-store" };
    return found.some(({ state }) => state === "bad")
      ? { status: 503, body: { status: "bad" }, headers }
      : { body: { status: "ok" }, headers };
  },
});
