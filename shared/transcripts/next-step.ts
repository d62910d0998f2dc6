import { DAY, HOUR, MINUTE } from "../core/time.ts";
import { pauseAfter } from "../pending/pending.ts";
import type { MissingTranscript } from "../schemas/text-chat.ts";

/** Milliseconds that an end waits for its transcript. After that it enters the log without one. */
export const TRANSCRIPT_WAIT = HOUR;
/** A late transcript is fetched until this many milliseconds after the webhook. It is shown with the chat. */
const LATE_TRANSCRIPT_WAIT = 7 * DAY;
/** The longest pause between two attempts to fetch a transcript, in milliseconds. */
const MAX_FETCH_PAUSE = 10 * MINUTE;

/**
 * The result of fetching a transcript: LiveChat returned it, no longer has it, or the call failed. `refused`: the rate
 * limit refused the call. `no reader`: the account's API has no call for it.
 */
export type Fetched = "there" | MissingTranscript | "refused" | "no reader";

/** An end without its transcript. `waiting`: its event is not in the log yet. `late`: its event is in the log. */
export type WaitingEnd = {
  state: "waiting" | "late";
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** How many attempts were made, including this one. */
  attempts: number;
};

type TranscriptStep =
  /** Appends the event with its transcript. */
  | { do: "append" }
  /** Appends the event with its ids and the reason. With `keepLooking`, later attempts may find the transcript. */
  | { do: "append without transcript"; missing: MissingTranscript; keepLooking: boolean }
  /** Stores the transcript beside the event that is in the log. */
  | { do: "store late" }
  /** Nothing is left to do. */
  | { do: "forget" }
  /** Makes the next attempt at this time, in milliseconds since the epoch. */
  | { do: "retry"; at: number };

/** Decides the next step for an end after an attempt to fetch its transcript. */
export function nextTranscriptStep(
  { state, receivedAt, attempts }: WaitingEnd,
  fetched: Fetched,
  now: number,
): TranscriptStep {
  const age = now - receivedAt;
  const isLate = state === "late";
  if (fetched === "there") return { do: isLate ? "store late" : "append" };
  if (fetched !== "failed" && fetched !== "refused") {
    const missing = fetched === "no reader" ? "failed" : fetched;
    return isLate ? { do: "forget" } : { do: "append without transcript", missing, keepLooking: false };
  }
  if (isLate && age >= LATE_TRANSCRIPT_WAIT) return { do: "forget" };
  if (isLate) return { do: "retry", at: now + Math.max(MAX_FETCH_PAUSE, age / 4) };
  if (age >= TRANSCRIPT_WAIT)
    return { do: "append without transcript", missing: "failed", keepLooking: true };
  // The last attempt is exactly at the end of the hour.
  const pause = pauseAfter(fetched === "refused" ? 1 : attempts, MAX_FETCH_PAUSE);
  const at = Math.min(now + pause, receivedAt + TRANSCRIPT_WAIT);
  return { do: "retry", at };
}
