import * as v from "valibot";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { onEntry } from "./on-entry.ts";

export const deleteQuarantined = operation({
  ...onEntry,
  id: "DeleteQuarantined",
  summary: "Delete quarantined delivery",
  description: "Deletes a delivery from the quarantine.",
  method: "DELETE",
  route: "quarantine/{id}",
  output: { status: 204, description: "The delivery is deleted.", schema: v.undefined() },
  errors: storageErrors,
  run: async ({ path: { id } }, { eventLog }) => {
    await eventLog.quarantine.remove(id);
    return {};
  },
});
