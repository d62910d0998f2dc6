import { DAY, HOUR, MINUTE } from "../core/time.ts";
import { pauseAfter } from "../pending/pending.ts";
import type { MissingTranscript } from "../schemas/text-chat.ts";

/** Milliseconds that an end waits for its transcript. After that it enters the log without one. */
export const PATIENCE = HOUR;
/** Milliseconds after the webhook for which a late transcript is still fetched, to be shown with the chat. */
const LATE_PATIENCE = 7 * DAY;
/** The longest pause between two attempts, in milliseconds. */
const LONGEST_PAUSE = 10 * MINUTE;

/** The result of fetching a transcript: LiveChat returned it, no longer has it, or the call failed. */
export type Asked = "there" | Exclude<MissingTranscript, "failed"> | "failed";

/** An end without its transcript. `waiting`: its event is not in the log yet. `late`: its event is in the log. */
export type Waiting = {
  state: "waiting" | "late";
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** How many attempts were made, including this one. */
  attempts: number;
};

/**
 * `tell`: the complete event enters the log. `tell bare`: the event enters the log with its ids and the reason;
 * `keepLooking` when a transcript may still come. `show`: the event is in the log, and the transcript is stored to be
 * shown with the chat. `forget`: nothing is left to do. `again`: the next attempt is at this time, in milliseconds
 * since the epoch.
 */
type TranscriptStep =
  | { do: "tell" }
  | { do: "tell bare"; missing: MissingTranscript; keepLooking: boolean }
  | { do: "show" }
  | { do: "forget" }
  | { do: "again"; at: number };

/** Decides the next step for an end after an attempt to fetch its transcript. */
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
  // The last attempt is exactly at the end of the hour.
  return { do: "again", at: Math.min(now + pauseAfter(attempts, LONGEST_PAUSE), receivedAt + PATIENCE) };
}
