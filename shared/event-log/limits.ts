/** The largest body of a delivery that is taken, in bytes of UTF-8. A transcript has no limit of its own. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
