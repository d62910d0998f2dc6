import * as v from "valibot";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { QuarantinePath } from "./quarantine-path.ts";

export const deleteQuarantined = operation({
  id: "DeleteQuarantined",
  summary: "Delete quarantined delivery",
  description: "Deletes a delivery from the quarantine.",
  tag: "Quarantine",
  method: "DELETE",
  route: "quarantine/{id}",
  access: "key",
  input: { path: QuarantinePath },
  output: { status: 204, description: "Deleted, now or before.", schema: v.undefined() },
  errors: storageErrors,
  run: async ({ path: { id } }, { eventLog }) => {
    await eventLog.quarantine.remove(id);
    return {};
  },
});
