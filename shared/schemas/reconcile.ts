import * as v from "valibot";
import * as examples from "./examples.ts";
import { count, moment, named, shape } from "./vocabulary.ts";

const mode = named(
  v.picklist(["first", "incremental", "sweep"]),
  "Mode",
  "first: all tickets for the first time. incremental: tickets that changed. sweep: all tickets again, which also finds deleted ones.",
);

const outcome = v.picklist(["completed", "stopped", "throttled", "failed", "died"]);
/** `died`: the process ended in the middle of the run, as the next run found. */
export type RunOutcome = v.InferOutput<typeof outcome>;

/** What a run of the reconciliation did: the answer of `POST /reconcile/tickets`. */
export const RunReport = shape(
  "RunReport",
  v.object({
    mode,
    outcome: named(
      outcome,
      "Outcome",
      "completed; stopped: at the time limit. throttled: at LiveChat's rate limit. failed: by an error. died: its process ended. The next run continues.",
    ),
    reason: named(v.optional(v.string()), "Reason", "Why it failed."),
    code: named(
      v.optional(v.string()),
      "Code",
      "The kind of error with which it failed, as in a problem's type.",
    ),
    startedAt: named(moment, "Started At", "When it started."),
    durationMs: named(count, "Duration", "How long it took, in milliseconds."),
    throttledMs: named(
      count,
      "Throttled Time",
      "How long of that it waited for LiveChat's rate limit, in milliseconds.",
    ),
    calls: named(count, "Calls", "Calls made to LiveChat."),
    pages: named(count, "Pages", "Pages of tickets that were read."),
    added: named(count, "Added", "Tickets that were not stored before."),
    changed: named(count, "Changed", "Tickets that were stored with other content."),
    unchanged: named(count, "Unchanged", "Tickets that had not changed."),
    recovered: named(
      count,
      "Recovered",
      "Tickets that no webhook reported; their events were added to the log.",
    ),
    deleted: named(count, "Deleted", "Tickets that LiveChat no longer has; they were marked as deleted."),
    restored: named(count, "Restored", "Tickets marked as deleted that LiveChat has again."),
    odd: named(count, "Odd", "Tickets that do not fit the schema; they were stored as they came."),
    withoutId: named(count, "Without Id", "Tickets without an id; they were not stored."),
    checkpoint: named(
      v.object({
        before: named(
          v.optional(moment),
          "Before",
          "Before the run; absent before the first ticket was read.",
        ),
        after: named(v.optional(moment), "After", "After the run."),
      }),
      "Checkpoint",
      "The time of modification up to which all tickets are stored.",
    ),
  }),
  examples.runReport,
);
export type RunReport = v.InferOutput<typeof RunReport>;

/** What a run of the reconciliation of chats did: the answer of `POST /reconcile/chats`. */
export const ChatRunReport = shape(
  "ChatRunReport",
  v.object({
    outcome: RunReport.entries.outcome,
    reason: RunReport.entries.reason,
    startedAt: RunReport.entries.startedAt,
    durationMs: RunReport.entries.durationMs,
    throttledMs: RunReport.entries.throttledMs,
    calls: RunReport.entries.calls,
    recovered: named(
      count,
      "Recovered",
      "Chats whose start or end no webhook reported; their events were added to the log.",
    ),
    unchanged: named(count, "Unchanged", "Chats that were read and are complete in the log."),
    transcripts: named(
      v.object({
        told: named(count, "Told", "Ends that were added to the log with their transcript."),
        bare: named(count, "Bare", "Ends that were added without a transcript, because LiveChat has none."),
        waiting: named(count, "Waiting", "Ends that still wait for their transcript."),
      }),
      "Transcripts",
      "The results for ends that waited for their transcript.",
    ),
  }),
  {
    ...{ outcome: "completed", startedAt: "2026-01-15T09:45:00.000Z", durationMs: 840, throttledMs: 0 },
    ...{ calls: 2, recovered: 1, unchanged: 12, transcripts: { told: 0, bare: 0, waiting: 0 } },
  },
);
export type ChatRunReport = v.InferOutput<typeof ChatRunReport>;

const runRecord = v.object({ ...RunReport.entries, number: named(count, "Number", "The run's number.") });
/** What a run leaves. */
export type RunRecord = v.InferOutput<typeof runRecord>;

const progress = v.object({
  mode,
  startedAt: named(moment, "Started At", "When the walk started."),
  page: named(count, "Page", "How many pages are read."),
  pages: named(
    count,
    "Pages",
    "How many pages the account has; an incremental walk needs only some of them.",
  ),
  expectedEnd: named(
    v.optional(moment),
    "Expected End",
    "When the walk will end at its current pace; absent for an incremental walk.",
  ),
});
export type Progress = v.InferOutput<typeof progress>;

export const RunHistory = shape(
  "RunHistory",
  v.object({
    runs: named(v.array(runRecord), "Runs", "The last runs, latest first."),
    progress: named(v.optional(progress), "Progress", "The progress of an unfinished walk."),
    odd: named(v.array(v.string()), "Odd", "Ids of stored tickets that do not fit the schema; the last 100."),
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
    odd: [],
  },
);
export type RunHistory = v.InferOutput<typeof RunHistory>;
