import { DAY, MINUTE, SECOND } from "../core/time.ts";

/** The times and bounds of delivery, in milliseconds where nothing else is said. */

// Wake-ups.

/** An instance that found no subscriptions believes for this long that there are none. */
export const NONE_KNOWN_MS = 5 * SECOND;
/** An instance that found subscriptions believes for this long that there are some. */
export const SOME_KNOWN_MS = MINUTE;
/** An append waits this long at most for its message, once the event is stored. */
export const MESSAGE_WAIT_MS = 100;
/** The message that stands in for a process shows after this time. */
export const GUARANTEE_MS = 2 * SECOND;
/** That message is postponed when it would show in less than this. */
export const GUARANTEE_LEAST_MS = SECOND;

// A lease: one process at a time delivers to a subscription.

/** A lease whose row has not changed for this long is over: its holder died. */
export const LEASE_MS = 2 * SECOND;
/** The row is written this often while a callback takes its time, which renews the lease. */
export const RENEW_MS = 500;
/** Before each send the lease must have been written within this time, since a process may stand still between two lines. */
export const SURE_MS = 750;

// A place: what a process that dies has delivered beyond the written place comes again.

/** The place is written after this many events at the latest, and with every renewal of the lease. */
export const SAVE_EVENTS = 20;
/** A place that moved only past events the subscription does not want is written when it moved this far. */
export const SETTLE_EVENTS = 100;

// Waiting: what is held in memory, and for how long.

/** After a delivery the next event is awaited this long with the lease in hand, which spares two writes for each event. */
export const LINGER_MS = 250;
/** A shorter pause is waited for with the lease in hand; after a longer one the subscription is taken anew. */
export const PATIENCE_MS = 2 * SECOND;
/** A pause up to this long gets a wake-up of its own; the timer, which runs each minute, is soon enough for longer ones. */
export const TIMED_PAUSE_MS = 2 * MINUTE;
/** The subscriptions that were read are looked through again for this long before they are read again. */
export const ROSTER_MS = SECOND;
/** Two looks at all subscriptions for wake-ups are this far apart, since wake-ups may come in crowds. */
export const LOOK_MS = 250;
/** Events that were read are sent for this long: after that an erasure by another process would be missed. */
export const FRESH_MS = SECOND;

// Bounds of one run.

/** A subscription is let go after this time, so that another process may take it. */
export const WORK_MS = MINUTE;
/** A call of the queue or the timer stays this long at most, which is well below the five minutes of the host. */
export const STAY_MS = 2 * MINUTE;
/** One page of the log holds this many events at most. */
export const PAGE_EVENTS = 100;
/** This many pages are shared between the subscriptions of a process. */
export const SHARED_PAGES = 8;
/** A batch has this many bytes at most, unless its only event has more. */
export const BATCH_BYTES = 1024 * 1024;

// The rate.

/** A request counts for this many seconds: a minute, and the second in which it was made. */
export const COUNTED_SECONDS = 61;

// Repetition after a failure.

/** The longest first pause: a chance failure is over by then, and every later event waits too. */
export const FIRST_PAUSE_MS = 50;
/** The longest first pause for a flow that is off. The flow may also be deleted, which Azure does not say. */
export const SWITCHED_OFF_PAUSE_MS = 15 * MINUTE;
/** The longest pause. */
export const LONGEST_PAUSE_MS = DAY;
/** A subscription whose callback has only failed for this long is given up. */
export const GIVE_UP_AFTER_MS = 7 * DAY;
/** A callback is believed to be gone after this many 404 or 410 answers in a row: gateways that redeploy answer 404 too. */
export const GONE_ANSWERS = 3;
/** The first and last of those answers must be this far apart. */
export const GONE_AFTER_MS = MINUTE;

// Parking.

/** An event is parked after this many refusals. */
export const PARK_ANSWERS = 5;
/** The longest first pause after a refusal: it doubles, so that five tries take between 1.5 and 3 s. */
export const REFUSED_PAUSE_MS = 200;
/** After this many parked events in a row the next one blocks, for then the event is not the cause. */
export const PARKED_IN_A_ROW = 3;

// What is remembered of attempts.

/** A subscription's row has this many last attempts. */
export const LAST_ATTEMPTS = 20;
/** Failed attempts are kept for this long. */
export const ATTEMPTS_KEPT_MS = 7 * DAY;

/** After a secret was rolled, the one before signs too for this long. */
export const ROLL_MS = DAY;

// Work for operators and retention.

/** So many events are looked at, about, to find the next one that a subscription wants. */
export const LOOK_AHEAD = 300;
/** So many events are given up for lost in one write. */
export const LOSE_EVENTS = 5_000;
/** So many parked events are forgotten in one write: a transaction has at most 100 changes. */
export const UNPARK_AT_ONCE = 90;
