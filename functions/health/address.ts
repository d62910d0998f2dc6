import type { Finding } from "../../shared/health/monitor.ts";

/** Below what a check may take, so that it is this one's words that are read. In milliseconds. */
const TIME_LIMIT = 4_000;

/**
 * Whether the address that LiveChat is given leads to this app: a receiver there asks who has no credentials for them,
 * in our words.
 */
export async function judgeAddress(baseUrl: string, receiver: string): Promise<Finding> {
  const action =
    "See that WEBHOOK_BASE_URL is this app's address as LiveChat reaches it, without /api, and that nothing in between refuses calls.";
  try {
    const { status, headers, body } = await fetch(receiver, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(TIME_LIMIT),
    });
    await body?.cancel();
    if (status === 401 && headers.get("content-type") === "application/problem+json") {
      return { state: "ok", detail: `${baseUrl} leads to this app's receivers.` };
    }
    const detail = `What answers at ${baseUrl} is no receiver of this app (${status}).`;
    return { state: "attention", detail, action };
  } catch (error) {
    const { cause, name } = error as Error;
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : name;
    return {
      state: "attention",
      detail: `This app does not reach itself at ${baseUrl} (${reason}).`,
      action: `${action} If this app may not call itself, see whether deliveries come.`,
    };
  }
}
