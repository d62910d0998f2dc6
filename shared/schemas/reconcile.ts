import * as v from "valibot";
import { named } from "./scalar.ts";

const moment = v.pipe(v.string(), v.metadata({ jsonSchema: { type: "string", format: "date-time" } }));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const mode = named(
  v.picklist(["first", "incremental", "sweep"]),
  "Mode",
  "The first walk of the account, what changed since, or a reading of everything that also finds what is gone.",
);

/** What a run of the reconciliation did. */
export const RunReport = v.looseObject({
  mode,
  outcome: named(
    v.picklist(["completed", "stopped", "throttled", "failed", "died"]),
    "Outcome",
    "Whether it finished, or where the next run goes on: at the time limit, at LiveChat's limit, or after an error.",
  ),
  reason: named(v.optional(v.string()), "Reason", "Why it failed."),
  startedAt: named(moment, "Started At", "When it started."),
  durationMs: named(count, "Duration", "How long it took, in milliseconds."),
  throttledMs: named(
    count,
    "Throttled Time",
    "How much of that was waiting for LiveChat's limit, in milliseconds.",
  ),
  calls: named(count, "Calls", "Calls made to LiveChat."),
  pages: named(count, "Pages", "Pages of tickets that were read and stored."),
  added: named(count, "Added", "Tickets that were not stored before."),
  changed: named(count, "Changed", "Tickets that were stored with other content."),
  unchanged: named(count, "Unchanged", "Tickets that were stored just so, and were not written."),
  recovered: named(count, "Recovered", "Tickets that no webhook told of, and that are in the log now."),
  deleted: named(count, "Deleted", "Tickets that are gone in LiveChat, and marked."),
  restored: named(count, "Restored", "Tickets that came back."),
  checkpoint: named(
    v.object({ before: v.optional(moment), after: v.optional(moment) }),
    "Checkpoint",
    "Up to which last modification everything is stored, before and after the run.",
  ),
});

export const RunHistory = v.object({
  runs: named(
    v.array(v.looseObject({ ...RunReport.entries, number: named(count, "Number", "The run's number.") })),
    "Runs",
    "The last runs, the latest first.",
  ),
  progress: named(
    v.optional(
      v.object({
        mode,
        startedAt: named(moment, "Started At", "When the walk started."),
        page: named(count, "Page", "The pages that are read."),
        pages: named(count, "Pages", "The pages that the account has."),
        expectedEnd: named(v.optional(moment), "Expected End", "When it ends at its pace so far."),
      }),
    ),
    "Progress",
    "How far a walk is that is not finished.",
  ),
});
