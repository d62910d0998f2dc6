import * as v from "valibot";
import { Conflict } from "../../shared/core/errors.ts";
import { readDelivery } from "../../shared/receive/receive-v2.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, named, shape } from "../../shared/schemas/vocabulary.ts";
import { operation } from "../operation.ts";
import { noEntry, onEntry } from "./on-entry.ts";

export const replayQuarantined = operation({
  ...onEntry,
  id: "ReplayQuarantined",
  summary: "Replay quarantined delivery",
  description:
    "Reads a quarantined delivery again with this version of the app. If that succeeds, the event moves to the log; otherwise the delivery stays, and the answer has the reason.",
  method: "POST",
  route: "quarantine/{id}/replay",
  output: {
    status: 200,
    description: "The event in the log.",
    schema: shape(
      "ReplayedDelivery",
      v.object({
        status: described(
          v.picklist(["stored", "duplicate"]),
          "stored: new in the log. duplicate: already in the log.",
        ),
        id: named(v.string(), "Event Id", "The id of the event in the log."),
      }),
      { status: "stored", id: examples.eventId },
    ),
  },
  errors: [...onEntry.errors, Conflict],
  run: async ({ path: { id } }, { eventLog, settings }) => {
    const once = settings.liveChat.api === "text";
    const replayed = await eventLog.quarantine.replay(id, (raw, expected) =>
      readDelivery(raw, expected, { once }),
    );
    if (!replayed) throw noEntry();
    if (replayed.status === "quarantined")
      throw new Conflict(`The app still cannot read it: ${replayed.reason}`);
    return { body: { status: replayed.status, id: replayed.id } };
  },
});
