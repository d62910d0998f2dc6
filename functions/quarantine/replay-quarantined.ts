import * as v from "valibot";
import { Conflict, NotFound } from "../../shared/core/errors.ts";
import { replay } from "../../shared/receive/replay.ts";
import * as examples from "../../shared/schemas/examples.ts";
import { named, shape } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { QuarantinePath } from "./quarantine-path.ts";

export const replayQuarantined = operation({
  id: "ReplayQuarantined",
  summary: "Replay quarantined delivery",
  description:
    "Reads a quarantined delivery again with this version of the app. If that succeeds, the event moves to the log; otherwise the delivery stays, and the answer has the reason.",
  tag: "Quarantine",
  method: "POST",
  route: "quarantine/{id}/replay",
  access: "key",
  input: { path: QuarantinePath },
  output: {
    status: 200,
    description: "The event in the log.",
    schema: shape(
      "ReplayedDelivery",
      v.object({
        status: named(
          v.picklist(["stored", "duplicate"]),
          "Status",
          "stored: new in the log. duplicate: already in the log.",
        ),
        id: named(v.string(), "Event Id", "The id of the event in the log."),
      }),
      { status: "stored", id: examples.chatEndedEvent.id },
    ),
  },
  errors: [NotFound, Conflict, ...storageErrors],
  run: async ({ path: { id } }, { eventLog, settings }) => ({
    body: await replay(id, eventLog, { once: settings.liveChat.api === "text" }),
  }),
});
