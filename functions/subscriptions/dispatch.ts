import type { Log } from "../../shared/core/log.ts";
import type { Services } from "../services.ts";

/** Delivers waiting events, for the queue's function, which appends wake, and for the timer's. */
export async function dispatch({ subscribers }: Services, log: Log): Promise<void> {
  const report = await subscribers.dispatch();
  if (report && report.delivered + report.failed > 0) log("events delivered", report);
}
