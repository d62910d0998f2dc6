import * as v from "valibot";
import { examples } from "./examples.ts";
import { count, described, exact, filled, published, shape } from "./vocabulary.ts";

const personEmail = described(
  v.pipe(filled, v.maxLength(1_000, "must have at most 1000 characters")),
  "Email address of the person, in upper or lower case.",
  "ana@example.com",
);

/** The person of a call. An address is opaque text: it is no error when nothing is stored of it. */
export const PersonInput = shape("PersonInput", exact({ email: personEmail }), {
  email: "ana@example.com",
});

export const SearchInput = shape(
  "SearchInput",
  exact({
    email: personEmail,
    after: described(v.optional(filled), "The next of the call before."),
  }),
  { email: "ana@example.com" },
);

const place = described(v.string(), "Where it is stored: events, quarantine, tickets or answers.");

const undecided = v.object({
  place,
  id: described(v.string(), "Id of the item there, such as an entry of the quarantine."),
});

/** The result of an erasure. */
export const Erasure = shape(
  "Erasure",
  v.object({
    erased: described(count, "How many items this call erased."),
    done: described(
      v.boolean(),
      "False when time ran out: repeat the call, and it continues where this one stopped.",
    ),
    undecided: described(
      v.array(undecided),
      "At most 500 items that may belong to the person or to another one. They were not erased: look at each, and delete those that belong to the person.",
    ),
  }),
  { erased: 2, done: true, undecided: [] },
);

/** The answer of a search: an item a line, each with its place, and a last line that says where to go on. */
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
