import { NotFound } from "../../shared/core/errors.ts";
import { QuarantinedDelivery } from "../../shared/schemas/event.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { QuarantinePath } from "./quarantine-path.ts";

export const getQuarantined = operation({
  id: "GetQuarantined",
  summary: "Get quarantined delivery",
  description: "Returns a delivery that the app could not read, with the reason and its original body.",
  tag: "Quarantine",
  method: "GET",
  route: "quarantine/{id}",
  access: "key",
  input: { path: QuarantinePath },
  output: { status: 200, description: "The entry.", schema: QuarantinedDelivery },
  errors: [NotFound, ...storageErrors],
  run: async ({ path: { id } }, { eventLog }) => {
    const entry = await eventLog.quarantine.get(id);
    if (!entry) throw new NotFound("The quarantine has no entry with this id.");
    return { body: entry };
  },
});
