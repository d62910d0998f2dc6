import * as v from "valibot";
import { NotFound } from "../../shared/core/errors.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, exact, filled, named, published } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";

/** The path of one subscription. Its parameter has the name from Microsoft's connector. */
export const HookPath = exact({ hookId: described(filled, "The id of the subscription.", examples.hookId) });

/** The common parts of the operations `POST subscriptions/{id}/…`. */
export const onSubscription = {
  tag: "Subscriptions",
  method: "POST",
  input: {
    path: exact({
      id: named(
        v.pipe(filled, published({ example: examples.hookId })),
        "Subscription Id",
        "The id of the subscription.",
      ),
    }),
  },
  errors: [NotFound, ...storageErrors],
} as const;

/** The `Location` header of a new subscription. */
export const LocationHeader = v.object({
  Location: described(v.string(), "The URL that ends the subscription with DELETE, without a key."),
});

/**
 * The address of a subscription.
 *
 * @param url the URL of the request, whose path ends with `route` in any letter case
 */
export function locationOf(id: string, url: URL, route: string): string {
  const location = new URL(url);
  const base = location.pathname.split("/").filter(Boolean).slice(0, -route.split("/").length);
  location.pathname = ["", ...base, "subscriptions", id].join("/");
  return location.href;
}
