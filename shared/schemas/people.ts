import * as v from "valibot";
import { examples } from "./examples.ts";
import { count, described, exact, filled, published, shape } from "./vocabulary.ts";

const personEmail = described(
  v.pipe(filled, v.maxLength(1_000, "must have at most 1000 characters")),
  "Email address of the person; upper and lower case are the same.",
  "ana@example.com",
);

/** The request to erase a person. Any text is accepted, because the app may store addresses of any form. */
export const PersonInput = shape("PersonInput", exact({ email: personEmail }), {
  email: "ana@example.com",
});

export const SearchInput = shape(
  "SearchInput",
  exact({
    email: personEmail,
    after: described(v.optional(filled), "The value of next in the previous answer."),
  }),
  { email: "ana@example.com" },
);

const place = described(v.string(), "Where the item is stored: events, quarantine, tickets or answers.");

const undecided = v.object({
  place,
  id: described(v.string(), "Id of the item in that place, such as the id of a quarantine entry."),
});

/** The result of an erasure. */
export const Erasure = shape(
  "Erasure",
  v.object({
    erased: described(count, "The number of items that this call erased."),
    done: described(v.boolean(), "False if the time limit ended the call; repeat the call to continue."),
    undecided: described(
      v.array(undecided),
      "Up to 500 items that may belong to this person or to another person. They were not erased: check each item, and delete it if it belongs to this person.",
    ),
  }),
  { erased: 2, done: true, undecided: [] },
);

/** The answer of a search: one item a line, each with its place, and a last line with the start of the next call. */
export const SearchLines = v.pipe(
  v.string(),
  published({
    example: [
      { place: "events", item: examples.chatEndedEvent },
      { next: null, done: true },
    ]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(""),
  }),
);
