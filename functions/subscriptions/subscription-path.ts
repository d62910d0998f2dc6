import * as v from "valibot";
import { hookId } from "../../shared/schemas/examples.ts";
import { filled } from "../../shared/schemas/parameter.ts";
import { published } from "../../shared/schemas/published.ts";
import { exact, named } from "../../shared/schemas/scalar.ts";

/** The path of every operation on one subscription. */
export const SubscriptionPath = exact({
  id: named(v.pipe(filled, published({ example: hookId })), "Subscription Id", "The id of the subscription."),
});
