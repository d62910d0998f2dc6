import { DAY, MINUTE, SECOND } from "../core/time.ts";

/** The times and limits of delivery. Names that end in `_MS` are milliseconds. */

// Wake-ups.

/** How long an instance that found no subscription waits before it looks for one again. */
export const NONE_KNOWN_MS = 5 * SECOND;
/** How long an instance that found a subscription waits before it looks again. */
export const SOME_KNOWN_MS = MINUTE;
/** How long an append waits for its queue message after the event was stored. */
export const MESSAGE_WAIT_MS = 100;
/** The delay after which the wake message becomes visible. */
export const WAKE_MESSAGE_MS = 2 * SECOND;
/** The wake message is postponed when it would become visible sooner than this. */
export const WAKE_MESSAGE_LEAST_MS = SECOND;

// The lease: one process at a time delivers to a subscription.

/** A lease ends when its row has not changed for this long: its holder has died. */
export const LEASE_MS = 2 * SECOND;
/** How often a long request renews the lease by a write of the row. */
export const RENEW_MS = 500;
/**
 * The longest time from a write of the lease to a send. After it a write comes first: the process may have been
 * paused.
 */
export const LEASE_CERTAIN_MS = 750;

// The place: the events between the stored place and the death of a process are sent again.

/** The place is stored after this many delivered events, and with each renewal of the lease. */
export const SAVE_EVENTS = 20;
/** The place is stored after it has passed this many places without a delivery. */
export const SAVE_PASSED_EVENTS = 100;

// Waiting.

/** How long a delivery keeps the lease to wait for a further event. Each event within this time spares two writes. */
export const LINGER_MS = 250;
/** During a pause up to this length the delivery keeps the lease. A longer pause ends the delivery. */
export const SHORT_PAUSE_MS = 2 * SECOND;
/** A queue message wakes the dispatcher after a pause up to this length. After a longer pause, the timer wakes it. */
export const TIMED_PAUSE_MS = 2 * MINUTE;
/** How long the subscriptions that were read are used before they are read again. */
export const ROSTER_FRESH_MS = SECOND;
/** The least time between two checks of all subscriptions, because wake-ups come in bursts. */
export const CHECK_GAP_MS = 250;
/**
 * How long the events of a page may be sent after it was read. An erasure by another process takes effect within this
 * time.
 */
export const PAGE_FRESH_MS = SECOND;

// Limits of one run.

/** A delivery ends after this time, so that another process can take the subscription. */
export const DELIVERY_LIMIT_MS = MINUTE;
/** A call of the queue or the timer ends after this time, well before the host's limit of five minutes. */
export const DISPATCH_LIMIT_MS = 2 * MINUTE;
/** The maximum number of events in a page of the log. */
export const PAGE_EVENTS = 100;
/** The maximum number of pages that the subscriptions of a process share. */
export const SHARED_PAGES = 8;
/** The maximum size of a batch in bytes, unless it has only one event. */
export const BATCH_BYTES = 1024 * 1024;

// The rate.

/** For how many seconds a request counts: a minute, and the second of the request. */
export const COUNTED_SECONDS = 61;

// Repetition after a failure.

/** The longest first pause. It is short because a chance failure ends quickly, and all later events wait. */
export const FIRST_PAUSE_MS = 50;
/** The longest first pause for a flow that is turned off. Azure gives the same answer for a deleted flow. */
export const SWITCHED_OFF_PAUSE_MS = 15 * MINUTE;
/** The longest pause. */
export const LONGEST_PAUSE_MS = DAY;
/** A subscription is given up when its callback has only failed for this long. */
export const GIVE_UP_AFTER_MS = 7 * DAY;
/**
 * A callback is gone after this many answers 404 or 410 in a row. One is not enough: a redeploying gateway answers
 * 404.
 */
export const GONE_ANSWERS = 3;
/** The least time between the first and the last of those answers. */
export const GONE_AFTER_MS = MINUTE;

// Parking.

/** An event is parked after this many refusals. */
export const PARK_ANSWERS = 5;
/** The longest first pause after a refusal. It doubles, so that five attempts take 1.5 to 3 s. */
export const REFUSED_PAUSE_MS = 200;
/** After this many parked events in a row the next one is not parked: the events are probably not the cause. */
export const PARKED_IN_A_ROW = 3;

// Attempts and secrets.

/** How many attempts the row of a subscription keeps. */
export const LAST_ATTEMPTS = 20;
/** How long failed attempts are kept. */
export const ATTEMPTS_KEPT_MS = 7 * DAY;
/** How long the former secret also signs deliveries. */
export const ROLL_MS = DAY;

// Operators and retention.

/** About how many events are read to find the next wanted one. */
export const LOOK_AHEAD = 300;
/** One write moves a subscription past at most this many places whose events retention removes. */
export const MISSED_AT_ONCE = 5_000;
/** The maximum number of events that one write unparks: a transaction has at most 100 changes. */
export const UNPARK_AT_ONCE = 90;
