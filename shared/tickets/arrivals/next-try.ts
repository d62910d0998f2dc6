import { DAY, MINUTE } from "../../core/time.ts";
import { pauseAfter } from "../../pending/pending.ts";

/** The longest pause between two attempts to read a ticket, in milliseconds. */
const MAX_READ_PAUSE = 30 * MINUTE;
/** HelpDesk may show a new ticket late. After this many milliseconds, an id that HelpDesk does not know is wrong. */
const UNKNOWN_FOR = 10 * MINUTE;
/** After this many milliseconds, the reconciliation has found the ticket, or HelpDesk no longer has it. */
const FAILING_FOR = 7 * DAY;

/**
 * Why a ticket was not read: HelpDesk does not know it, HelpDesk did not answer, or the rate limit refused the call.
 */
type Missed = "unknown" | "failed" | "refused";

/**
 * The time of the next attempt to read a ticket; `undefined` when the ticket is not read again.
 *
 * @param attempts how many attempts were made, including the last one
 * @param receivedAt milliseconds since the epoch, like `now` and the result
 */
export function nextTry(
  missed: Missed,
  { attempts, receivedAt }: { attempts: number; receivedAt: number },
  now: number,
): number | undefined {
  if (now - receivedAt >= (missed === "unknown" ? UNKNOWN_FOR : FAILING_FOR)) return undefined;
  return now + pauseAfter(missed === "refused" ? 1 : attempts, MAX_READ_PAUSE);
}
