/** The largest body of a delivery that is taken, in bytes of UTF-8. A transcript has no limit of its own. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * How deep a body may be nested. LiveChat's own need less than ten levels; `JSON.stringify` recurses, so an event with
 * thousands of levels would make every page with it fail.
 */
export const MAX_NESTING = 500;

/**
 * About how many values a body may have. The largest transcript has some 30 bytes a value; a body of 16 MiB with
 * millions of them would stop the process for ten seconds and take a gigabyte, on each reading.
 */
export const MAX_VALUES = 600_000;
