import * as v from "valibot";
import { examples } from "./examples.ts";
import { advanced, described, exact, filled, named, notEmpty, shape } from "./vocabulary.ts";

/** The values of a filter's key: at least one, at most 100. */
function choices<const Schema extends v.GenericSchema>(schema: Schema) {
  const list = v.pipe(
    v.array(schema, "must be a list"),
    v.minLength(1, "must have at least one value"),
    v.maxLength(100, "may have at most 100 values"),
  );
  return advanced(v.optional(list));
}

const word = v.pipe(filled, v.maxLength(200, "may have at most 200 characters"));
/** The id of a group, as text or as the number that LiveChat shows. */
const groupInFilter = v.pipe(
  v.union([v.pipe(v.number(), v.safeInteger("must be a group's id")), word], "must be a group's id"),
  v.transform(String),
  v.string(),
);

const keys = {
  group: named(choices(groupInFilter), "Groups", "Ids of groups; the chat or ticket must be in one of them."),
  agent: named(choices(word), "Agents", "Logins; one must be in the chat or be the ticket's assignee."),
  tag: named(choices(word), "Tags", "Tags; the chat or ticket must have one of them."),
  status: named(choices(word), "Statuses", "Statuses, such as open; the ticket must have one of them."),
  source: named(choices(word), "Sources", "Sources, such as mail; the ticket must have one of them."),
};
const exception = described(
  v.optional(notEmpty(exact(keys))),
  "An exception to this filter: events that match it are not excluded.",
);
const not = described(
  v.optional(notEmpty(exact({ ...keys, not: exception }))),
  "Events that match this filter are excluded.",
);

/** The filter of a subscription: chooses events by the groups, agents, tags, status and source of their chat or ticket. */
export const Filter = shape("Filter", exact({ ...keys, not }), examples.newTrigger.filter);
