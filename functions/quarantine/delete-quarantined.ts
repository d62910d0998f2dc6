import * as v from "valibot";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { QuarantinePath } from "./quarantine-path.ts";

export const deleteQuarantined = operation({
  id: "DeleteQuarantined",
  summary: "Delete quarantined delivery",
  description: "Removes a delivery from the quarantine for good.",
  tag: "Quarantine",
  method: "DELETE",
  route: "quarantine/{id}",
  access: "key",
  input: { path: QuarantinePath },
  output: { status: 204, description: "It is gone, or was gone already.", schema: v.undefined() },
  errors: storageErrors,
  run: async ({ path: { id } }, { eventLog }) => {
    await eventLog.quarantine.remove(id);
    return {};
  },
});
