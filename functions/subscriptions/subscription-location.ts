import * as v from "valibot";
import { named } from "../../shared/schemas/vocabulary.ts";

/** The header of an answer that begins a subscription. */
export const LocationHeader = v.object({
  Location: named(v.string(), "Location", "The URL that ends the subscription with DELETE, without a key."),
});

/**
 * The address of a subscription.
 *
 * @param url that of the request, which is at `route`; routes match in any case of letters
 */
export function locationOf(id: string, url: URL, route: string): string {
  const location = new URL(url);
  const base = location.pathname.split("/").filter(Boolean).slice(0, -route.split("/").length);
  location.pathname = ["", ...base, "subscriptions", id].join("/");
  return location.href;
}
