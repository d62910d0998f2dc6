/** NCRONTAB: every five minutes. */
export const DEFAULT_RECONCILE_SCHEDULE = "0 */5 * * * *";
/** Every quarter of an hour: calls of the Text platform are billed. */
export const DEFAULT_CHATS_SCHEDULE = "0 */15 * * * *";
