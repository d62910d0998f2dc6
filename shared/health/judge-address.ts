import type { Finding } from "./monitor.ts";

/** The answer at the receiver's address, or the reason for no answer. */
export type Probe = { status: number; type: string | null } | { reason: string };

const ACTION =
  "Set WEBHOOK_BASE_URL to this app's address as LiveChat reaches it, without /api, and see that nothing in between refuses calls.";

/** LiveChat reaches an address of this machine only when it runs here itself, as the sandbox does. */
export function judgeReach(address: { baseIsLocal: boolean; liveChatIsLocal: boolean }): Finding | undefined {
  if (!address.baseIsLocal || address.liveChatIsLocal) return undefined;
  return {
    state: "bad",
    detail: "WEBHOOK_BASE_URL is an address of this machine: LiveChat cannot deliver there.",
    action:
      "Set WEBHOOK_BASE_URL to an address that LiveChat can reach (the deployed app or a tunnel), or remove it.",
  };
}

/** Judges what answers at WEBHOOK_BASE_URL: this app refuses a call without credentials by 401 and a problem. */
export function judgeProbe(baseUrl: string, probe: Probe): Finding {
  if ("reason" in probe) {
    return {
      state: "attention",
      detail: `The app cannot reach itself at ${baseUrl} (${probe.reason}).`,
      action: `${ACTION} If the network does not let the app call itself, check that deliveries arrive.`,
    };
  }
  if (probe.status === 401 && probe.type === "application/problem+json") {
    return { state: "ok", detail: `${baseUrl} leads to this app's receivers.` };
  }
  return {
    state: "attention",
    detail: `Something other than a receiver of this app answers at ${baseUrl} (${probe.status}).`,
    action: ACTION,
  };
}
