import type { Log } from "../../shared/core/log.ts";
import type { Services } from "../services.ts";

/** Delivers waiting events. The queue's function calls it after an append, and the timer calls it every minute. */
export async function dispatch({ subscriptions }: Services, log: Log): Promise<void> {
  const report = await subscriptions.dispatch();
  if (report && report.delivered + report.failed > 0) log("events delivered", report);
}
