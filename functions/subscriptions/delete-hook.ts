import * as v from "valibot";
import { hookId } from "../../shared/schemas/examples.ts";
import { exact, filled, named } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const deleteHook = operation({
  id: "DeleteHook",
  summary: "Unsubscribe",
  description:
    "Ends a subscription, as a flow does when it is turned off. Flows do not always send their key then, so the id alone, which cannot be guessed, is enough.",
  tag: "Subscriptions",
  method: "DELETE",
  route: "subscriptions/{hookId}",
  access: "anonymous",
  input: {
    path: exact({
      hookId: named(filled, "Hook Id", "The id of the subscription.", hookId),
    }),
  },
  output: { status: 204, description: "It is gone, or was gone already.", schema: v.undefined() },
  errors: storageErrors,
  connector: "internal",
  run: async ({ path }, { subscribers }) => {
    await subscribers.unsubscribe(path.hookId);
    return {};
  },
});
