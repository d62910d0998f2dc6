import * as v from "valibot";
import { hookId } from "../../shared/schemas/examples.ts";
import { exact, filled, named, published } from "../../shared/schemas/vocabulary.ts";

/** The path of every operation on one subscription. */
export const SubscriptionPath = exact({
  id: named(v.pipe(filled, published({ example: hookId })), "Subscription Id", "The id of the subscription."),
});
