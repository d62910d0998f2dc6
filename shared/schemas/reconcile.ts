import * as v from "valibot";
import { examples } from "./examples.ts";
import { count, described, moment, named, shape } from "./vocabulary.ts";

const mode = described(
  v.picklist(["first", "incremental", "sweep"]),
  "first: reads all tickets for the first time. incremental: reads changed tickets. sweep: reads all tickets again, and finds deleted ones.",
);

const outcomes = v.picklist(["completed", "stopped", "throttled", "failed", "died"]);
/** `died`: the process ended during the run; the next run reports it. */
export type RunOutcome = v.InferOutput<typeof outcomes>;

const checkpoint = v.object({
  before: described(v.optional(moment), "The time at the start of the run; absent until a ticket was read."),
  after: described(v.optional(moment), "The time at the end of the run."),
});

/** The fields that the reports of tickets and of chats share. */
const fieldsOfAnyRun = {
  outcome: described(
    outcomes,
    "completed: the run read everything. stopped: the time limit ended the run. throttled: LiveChat's rate limit ended it. failed: an error ended it. died: its process ended. The next run continues.",
  ),
  reason: described(v.optional(v.string()), "Why the run failed."),
  code: described(v.optional(v.string()), "The kind of the error, as in a problem's type."),
  startedAt: described(moment, "When the run started."),
  durationMs: named(count, "Duration", "How long the run took, in milliseconds."),
  throttledMs: named(count, "Throttled Time", "Waiting time for LiveChat's rate limit, in milliseconds."),
  calls: described(count, "Calls to LiveChat."),
};

/** The report of a run of the ticket reconciliation: the answer of `POST /reconcile/tickets`. */
export const RunReport = shape(
  "RunReport",
  v.object({
    mode,
    ...fieldsOfAnyRun,
    pages: described(count, "Pages of tickets that were read."),
    added: described(count, "Tickets that were not stored before."),
    changed: described(count, "Stored tickets whose content changed."),
    unchanged: described(count, "Stored tickets whose content did not change."),
    recovered: described(count, "Tickets that no webhook reported; their events were added to the log."),
    deleted: described(count, "Tickets that LiveChat no longer has; they were marked as deleted."),
    restored: described(count, "Tickets marked as deleted that LiveChat has again."),
    odd: described(count, "Tickets that do not fit the schema; they were stored as LiveChat sent them."),
    withoutId: described(count, "Tickets without an id; they were not stored."),
    checkpoint: described(checkpoint, "All modifications of tickets up to these times are stored."),
  }),
  examples.runReport,
);
export type RunReport = v.InferOutput<typeof RunReport>;

const chatRun = {
  ...fieldsOfAnyRun,
  recovered: described(count, "Chats whose start or end no webhook reported; the log has the event now."),
  unchanged: described(count, "Chats that were read and are complete in the log."),
};
const transcripts = v.object({
  withTranscript: described(count, "Ended chats that were added to the log with their transcript."),
  withoutTranscript: described(
    count,
    "Ended chats that were added to the log without a transcript, because LiveChat did not return one.",
  ),
  waiting: described(count, "Ended chats that still wait for their transcript. They are not in the log yet."),
});

/** The report of a run of the reconciliation of chats: the answer of `POST /reconcile/chats`. */
export const ChatRunReport = shape(
  "ChatRunReport",
  v.object({
    ...chatRun,
    transcripts: described(
      transcripts,
      "Ended chats that waited for their transcript when the run began, counted by result.",
    ),
  }),
  { ...examples.chatRun, transcripts: { withTranscript: 0, withoutTranscript: 0, waiting: 0 } },
);
export type ChatRunReport = v.InferOutput<typeof ChatRunReport>;

const number = described(count, "The run's number.");
const runRecord = v.object({ ...RunReport.entries, number });
/** The stored report of a run. */
export type RunRecord = v.InferOutput<typeof runRecord>;

const progress = v.object({
  mode,
  startedAt: described(moment, "When the reading started."),
  page: described(count, "The number of pages that were read."),
  pages: described(count, "The number of pages in the account; an incremental reading reads some of them."),
  expectedEnd: described(v.optional(moment), "Expected end of the reading; absent if it is incremental."),
});
export type Progress = v.InferOutput<typeof progress>;

export const RunHistory = shape(
  "RunHistory",
  v.object({
    runs: described(v.array(runRecord), "The last runs, latest first."),
    progress: described(v.optional(progress), "The progress of an unfinished reading."),
    odd: described(v.array(v.string()), "Ids of stored tickets that do not fit the schema; the last 100."),
  }),
  {
    runs: [{ ...examples.runReport, number: 7 }],
    progress: examples.walk,
    odd: [],
  },
);
export type RunHistory = v.InferOutput<typeof RunHistory>;

/** The last runs of the chat reconciliation, with a part of their reports. */
export const ChatRunHistory = shape(
  "ChatRunHistory",
  v.object({
    runs: described(v.array(v.object({ ...chatRun, number })), "The last runs, latest first."),
    progress: described(
      v.optional(v.pick(progress, ["startedAt", "page"])),
      "The progress of an unfinished reading.",
    ),
  }),
  { runs: [{ ...examples.chatRun, number: 7 }] },
);
export type ChatRunHistory = v.InferOutput<typeof ChatRunHistory>;
export type ChatRun = ChatRunHistory["runs"][number];
