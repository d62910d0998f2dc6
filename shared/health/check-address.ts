import { isLoopback } from "../core/loopback.ts";
import { SECOND } from "../core/time.ts";
import { wantedWebhooks } from "../registration/wanted.ts";
import type { Examined } from "./examined.ts";
import { attention, bad, type Finding, ok } from "./finding.ts";
import { PROBE_AGENT } from "./refusals.ts";

/** The receiver's answer to a test call, or the reason why the call failed. */
type Probe = { status: number; type: string | null } | { reason: string };

/** Milliseconds for the call: less than the time limit of a check. */
const PROBE_TIMEOUT = 4 * SECOND;

/** Checks that WEBHOOK_BASE_URL reaches this app. */
export async function lookAtAddress({ settings }: Examined): Promise<Finding> {
  const { webhook, liveChat } = settings;
  const { baseUrl } = webhook;
  const [wanted] = baseUrl === undefined ? [] : wantedWebhooks({ baseUrl, api: liveChat.api });
  if (baseUrl === undefined || !wanted) return ok("WEBHOOK_BASE_URL is not set.");
  return (
    judgeReach({ baseIsLocal: isLoopback(baseUrl), liveChatIsLocal: isLoopback(liveChat.url) }) ??
    judgeProbe(baseUrl, await probe(wanted.receiver))
  );
}

/** Calls a receiver without credentials. This app answers such a call with its own 401. */
async function probe(receiver: string): Promise<Probe> {
  try {
    const { status, headers, body } = await fetch(receiver, {
      method: "POST",
      headers: { "user-agent": PROBE_AGENT },
      redirect: "manual",
      signal: AbortSignal.timeout(PROBE_TIMEOUT),
    });
    await body?.cancel();
    return { status, type: headers.get("content-type") };
  } catch (error) {
    const { cause, name } = error as Error;
    return { reason: cause instanceof Error && "code" in cause ? String(cause.code) : name };
  }
}

const CORRECT_ADDRESS =
  "Set WEBHOOK_BASE_URL to the address where LiveChat reaches this app, without /api. Check that no gateway in between refuses calls.";

/** Judges an address of this machine. Only a LiveChat on this machine, such as the sandbox, can reach it. */
export function judgeReach(address: { baseIsLocal: boolean; liveChatIsLocal: boolean }): Finding | undefined {
  if (!address.baseIsLocal || address.liveChatIsLocal) return undefined;
  return bad(
    "WEBHOOK_BASE_URL is an address of this machine: LiveChat cannot deliver there.",
    "Set WEBHOOK_BASE_URL to an address that LiveChat can reach (the deployed app or a tunnel), or remove it.",
  );
}

/** Judges the answer at WEBHOOK_BASE_URL. This app answers a call without credentials with 401 and a problem. */
export function judgeProbe(baseUrl: string, probe: Probe): Finding {
  if ("reason" in probe) {
    return attention(
      `The app cannot reach itself at ${baseUrl} (${probe.reason}).`,
      `${CORRECT_ADDRESS} If the network does not let the app call itself, check that deliveries arrive.`,
    );
  }
  if (probe.status === 401 && probe.type === "application/problem+json") {
    return ok(`${baseUrl} leads to this app's receivers.`);
  }
  return attention(
    `Something other than a receiver of this app answers at ${baseUrl} (${probe.status}).`,
    CORRECT_ADDRESS,
  );
}
