import { QuarantinedDelivery } from "../../shared/schemas/event.ts";
import { operation } from "../operation.ts";
import { noEntry, onEntry } from "./on-entry.ts";

export const getQuarantined = operation({
  ...onEntry,
  id: "GetQuarantined",
  summary: "Get quarantined delivery",
  description: "Returns a delivery that the app could not read, with the reason and its original body.",
  method: "GET",
  route: "quarantine/{id}",
  output: { status: 200, description: "The entry.", schema: QuarantinedDelivery },
  run: async ({ path: { id } }, { eventLog }) => {
    const entry = await eventLog.quarantine.get(id);
    if (!entry) throw noEntry();
    return { body: entry };
  },
});
