/** The largest body of a delivery, in bytes of UTF-8. LiveChat documents no limit for a transcript. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * The deepest nesting of a body. LiveChat's bodies have fewer than ten levels. `JSON.stringify` is recursive, so an
 * event with thousands of levels would break every page that contains it.
 */
export const MAX_NESTING = 500;

/**
 * About how many values a body may have. The largest transcript has about 30 bytes a value. Each reading of a 16 MiB
 * body with millions of values would block the process for ten seconds and take a gigabyte of memory.
 */
export const MAX_VALUES = 600_000;
