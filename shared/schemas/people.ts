import * as v from "valibot";
import { examples } from "./examples.ts";
import { count, described, exact, filled, published, shape } from "./vocabulary.ts";

const personEmail = described(
  v.pipe(filled, v.maxLength(1_000, "must have at most 1000 characters")),
  "Email address of the person, in upper or lower case.",
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

const place = described(
  v.string(),
  "The place of the item: quarantine, waiting or arrivals, as in docs/privacy.md.",
);

const undecided = v.object({
  place,
  id: described(v.string(), "Id of the item in its place, such as the id of a quarantine entry."),
});

/** The result of an erasure. */
export const Erasure = shape(
  "Erasure",
  v.object({
    erased: described(count, "The number of items that this call erased."),
    done: described(v.boolean(), "False if the time limit ended the call. Repeat the call to continue."),
    undecided: described(
      v.array(undecided),
      "Up to 500 items that may be this person's or another's. They were not erased. Check the items in quarantine, and delete those of this person. For items in waiting or arrivals, call again in an hour.",
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
