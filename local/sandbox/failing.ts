import type { ServerResponse } from "node:http";
import type { PlannedFault } from "./faults.ts";
import { type Answer, json, plain, send } from "./http.ts";

/**
 * Answers a call with its fault.
 *
 * @param work carries out the call and returns the true answer; not called when the fault comes first
 * @returns the status that was sent; `null` when no answer was sent
 */
export function fail(response: ServerResponse, fault: PlannedFault, work: () => Answer): number | null {
  if ("committed" in fault && fault.committed) work();
  switch (fault.do) {
    case "answer": {
      const { status, headers, body } = fault;
      const other = typeof body === "string" ? plain(status, body) : json(status, body);
      send(response, { ...other, headers: { ...other.headers, ...headers } });
      return status;
    }
    case "stall":
      return null;
    case "drop":
      response.destroy();
      return null;
    case "cut":
      return sendHalf(response, work(), () => response.destroy());
    case "slow":
      return sendHalf(response, work(), (rest) => {
        const timer = setTimeout(() => response.end(rest), fault.pause);
        response.once("close", () => clearTimeout(timer));
      });
    case "short-page":
      return sendPage(response, work(), ({ tickets, ...totals }) => ({
        ...totals,
        tickets: tickets.slice(0, fault.keep),
      }));
    case "no-tickets":
      return sendPage(response, work(), () => ({ pages: 0, total: 0, tickets: [] }));
  }
}

/** Sends the first half of the body, with the content length of the whole. */
function sendHalf(response: ServerResponse, answer: Answer, then: (rest: Buffer) => void): number {
  const body = Buffer.from(answer.body);
  const half = Math.floor(body.length / 2);
  response.writeHead(answer.status, { ...answer.headers, "Content-Length": body.length });
  response.write(body.subarray(0, half), () => then(body.subarray(half)));
  return answer.status;
}

type Page = { pages: number; total: number; tickets: unknown[] };

/** Sends an edited page of tickets. Any other answer is sent unchanged. */
function sendPage(response: ServerResponse, answer: Answer, edit: (page: Page) => Page): number {
  const content: Partial<Page> = JSON.parse(answer.body);
  const { pages, total, tickets } = content;
  const isPage = pages !== undefined && total !== undefined && tickets !== undefined;
  send(response, isPage ? json(answer.status, edit({ pages, total, tickets })) : answer);
  return answer.status;
}
