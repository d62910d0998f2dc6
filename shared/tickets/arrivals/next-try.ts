import { DAY, MINUTE } from "../../core/time.ts";
import { pauseAfter } from "../../pending/pending.ts";

/** Between two attempts. In milliseconds. */
const LONGEST_PAUSE = 30 * MINUTE;
/** A ticket that HelpDesk does not know may be so new that it does not show; after this time its id was not true. */
const UNKNOWN_FOR = 10 * MINUTE;
/** After this time the reconciliation has found the ticket, or HelpDesk no longer has it. */
const FAILING_FOR = 7 * DAY;

/** The result of a failed attempt to read a ticket: HelpDesk does not know it, or did not answer. */
type Missed = "unknown" | "failed";

/**
 * When a ticket is asked for again; `undefined`: never.
 *
 * @param attempts how often it was asked for, the last time included
 * @param receivedAt milliseconds since the epoch, as is `now` and what is returned
 */
export function nextTry(
  missed: Missed,
  { attempts, receivedAt }: { attempts: number; receivedAt: number },
  now: number,
): number | undefined {
  if (now - receivedAt >= (missed === "unknown" ? UNKNOWN_FOR : FAILING_FOR)) return undefined;
  return now + pauseAfter(attempts, LONGEST_PAUSE);
}
