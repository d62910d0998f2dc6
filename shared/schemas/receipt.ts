import * as v from "valibot";
import { examples } from "./examples.ts";
import { described, shape } from "./vocabulary.ts";

/** The answer to LiveChat after a delivery is stored. */
export const Receipt = shape(
  "Receipt",
  v.object({
    status: described(
      v.picklist(["stored", "duplicate", "quarantined"]),
      "stored: new; it is in the log, or enters it when the app has read its transcript or ticket. duplicate: stored before. quarantined: kept aside, because the app could not read it.",
    ),
    id: described(v.string(), "The id of the event in the log, or of the entry in the quarantine."),
  }),
  { status: "stored", id: examples.eventId },
);
export type Receipt = v.InferOutput<typeof Receipt>;
