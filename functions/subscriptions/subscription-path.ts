import * as v from "valibot";
import { hookId } from "../../shared/schemas/examples.ts";
import { exact, filled, named, published } from "../../shared/schemas/vocabulary.ts";

/** The path of a subscription itself; its parameter has the name that Microsoft's connector gives it. */
export const HookPath = exact({ hookId: named(filled, "Hook Id", "The id of the subscription.", hookId) });

/** The path of every operation below one subscription. */
export const SubscriptionPath = exact({
  id: named(v.pipe(filled, published({ example: hookId })), "Subscription Id", "The id of the subscription."),
});
