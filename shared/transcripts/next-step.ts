import { DAY, HOUR, MINUTE } from "../core/time.ts";
import { pauseAfter } from "../pending/pending.ts";
import type { MissingTranscript } from "../schemas/text-chat.ts";

/** An end waits for its transcript this long; then it goes into the log without. In milliseconds. */
export const PATIENCE = HOUR;
/** After that, a transcript is still fetched for this long, to be shown with the chat. In milliseconds. */
const LATE_PATIENCE = 7 * DAY;
/** Between two attempts. In milliseconds. */
const LONGEST_PAUSE = 10 * MINUTE;

/** What came of asking for a transcript: it is there, LiveChat no longer has it, or the call failed. */
export type Asked = "there" | Exclude<MissingTranscript, "failed"> | "failed";

/** An end without its transcript: `waiting` to go into the log, or in there already and `late`. */
export type Waiting = {
  state: "waiting" | "late";
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** How often the transcript was asked for, this time included. */
  attempts: number;
};

/**
 * `tell`: the event goes into the log whole. `tell bare`: it goes with its ids alone, and says why; `keepLooking` when a
 * transcript may still come. `show`: the event is in the log, and the transcript is kept to be shown with the chat.
 * `forget`: there is no more to do. `again`: the transcript is asked for at this time, in milliseconds since the epoch.
 */
type TranscriptStep =
  | { do: "tell" }
  | { do: "tell bare"; missing: MissingTranscript; keepLooking: boolean }
  | { do: "show" }
  | { do: "forget" }
  | { do: "again"; at: number };

/** Decides the next step for an end after its transcript was asked for. */
export function nextTranscriptStep(
  { state, receivedAt, attempts }: Waiting,
  asked: Asked,
  now: number,
): TranscriptStep {
  const age = now - receivedAt;
  if (asked === "there") return { do: state === "late" ? "show" : "tell" };
  if (asked !== "failed") {
    return state === "late" ? { do: "forget" } : { do: "tell bare", missing: asked, keepLooking: false };
  }
  if (state === "late") {
    return age < LATE_PATIENCE
      ? { do: "again", at: now + Math.max(LONGEST_PAUSE, age / 4) }
      : { do: "forget" };
  }
  if (age >= PATIENCE) return { do: "tell bare", missing: "failed", keepLooking: true };
  // The last attempt comes when the patience ends, and not up to a pause later.
  return { do: "again", at: Math.min(now + pauseAfter(attempts, LONGEST_PAUSE), receivedAt + PATIENCE) };
}
