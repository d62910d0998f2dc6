import * as v from "valibot";
import * as examples from "./examples.ts";
import { count, moment, named, shape } from "./vocabulary.ts";

const mode = named(
  v.picklist(["first", "incremental", "sweep"]),
  "Mode",
  "The first walk of the account, what changed since, or a reading of everything that also finds what is gone.",
);

/** What a run of the reconciliation did. */
export const RunReport = shape(
  "RunReport",
  v.looseObject({
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
      v.object({
        before: named(v.optional(moment), "Before", "Before the run; absent while nothing has been read."),
        after: named(v.optional(moment), "After", "After the run."),
      }),
      "Checkpoint",
      "Up to which last modification everything is stored, before and after the run.",
    ),
  }),
  examples.runReport,
);

export const RunHistory = shape(
  "RunHistory",
  v.object({
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
  }),
  {
    runs: [{ ...examples.runReport, number: 7 }],
    progress: {
      mode: "sweep",
      startedAt: "2026-01-15T09:00:00.000Z",
      page: 12,
      pages: 40,
      expectedEnd: "2026-01-15T10:40:00.000Z",
    },
  },
);
