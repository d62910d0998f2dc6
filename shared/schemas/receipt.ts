import * as v from "valibot";
import { examples } from "./examples.ts";
import { described, shape } from "./vocabulary.ts";

/** The answer to LiveChat after a delivery is stored. */
export const Receipt = shape(
  "Receipt",
  v.object({
    status: described(
      v.picklist(["stored", "duplicate", "quarantined"]),
      "stored: new in the log. duplicate: already in the log. quarantined: kept aside, because the app could not read it.",
    ),
    id: described(v.string(), "The id of the event in the log, or of the entry in the quarantine."),
  }),
  { status: "stored", id: examples.eventId },
);
export type Receipt = v.InferOutput<typeof Receipt>;
