import { setTimeout } from "node:timers/promises";
import type { TableClient } from "@azure/data-tables";
import { FORMAT } from "../../shared/storage/format.ts";

type Policy = Parameters<TableClient["pipeline"]["addPolicy"]>[0];
type Request = Parameters<Policy["sendRequest"]>[0];
type Send = () => ReturnType<Policy["sendRequest"]>;
/** Takes the place of the network: it sends the request, at once or later, or fails as a network or server does. */
export type Fault = (send: Send, request: Request) => ReturnType<Policy["sendRequest"]>;

/** Puts a fault between a table and its storage, after all policies of the SDK and the app. */
export function inject(table: TableClient, fault: Fault): TableClient {
  const policy: Policy = {
    name: "faults",
    sendRequest: (request, next) => fault(() => next(request), request),
  };
  table.pipeline.addPolicy(policy, { phase: "Sign" });
  return table;
}

export const isTransaction = ({ url }: Request) => url.includes("$batch");

export function cut(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}

export const cutBefore: Fault = () => Promise.reject(cut());
export const cutAfter: Fault = async (send) => {
  await send();
  throw cut();
};

/** Answers with this status, without sending the request to storage. */
export function answer(status: number): Fault {
  return async (_send, request) => ({
    request,
    status,
    // The headers of the answer do not matter here, and the SDK does not export their class.
    headers: request.headers,
    bodyAsText: JSON.stringify({
      "odata.error": { code: "Fault", message: { lang: "en-US", value: "A fault." } },
    }),
  });
}

/** Answers with this status after storage has carried out the request. */
export function answerAfter(status: number): Fault {
  return async (send, request) => {
    await send();
    return answer(status)(send, request);
  };
}

/**
 * Answers queries as Azure does for a large table: after five seconds, it stops and returns a continuation token. So a
 * page has few rows, every other page has no rows, and a query with a condition is not answered in time.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination
 */
export function stoppingQueries(rows = 2): Fault {
  let queries = 0;
  return async (send, request) => {
    const url = new URL(request.url);
    const filter = url.searchParams.get("$filter");
    if (filter === null) return send();
    if (/(?<!PartitionKey|RowKey) (eq|ne|lt|le|gt|ge) /.test(filter) && !isShort(filter)) {
      throw Object.assign(new Error("aborted"), { name: "AbortError" });
    }
    url.searchParams.set("$top", String(Math.min(rows, Number(url.searchParams.get("$top") ?? 1_000))));
    request.url = url.href;
    const response = await send();
    if (++queries % 2 === 1) {
      const [, ...begin] = /PartitionKey eq '(.*?)' and RowKey ge '(.*?)'/.exec(filter) ?? [];
      for (const [index, name] of ["NextPartitionKey", "NextRowKey"].entries()) {
        // The same place again, in the emulator's format.
        const here = url.searchParams.get(name) ?? Buffer.from(begin[index] ?? "").toString("base64");
        response.headers.set(`x-ms-continuation-${name}`, here);
      }
      response.bodyAsText = JSON.stringify({ value: [] });
    }
    return response;
  };
}

/** Whether the range of a filter has at most a thousand rows, by the numbers in its keys. */
function isShort(filter: string): boolean {
  const [, from, before] = /RowKey ge '\D*(\d+)' and RowKey lt '\D*(\d+)'/.exec(filter) ?? [];
  return from !== undefined && Number(before) - Number(from) <= 1_000;
}

/** Gives every row of a table the format of a newer build. */
export async function makeNewer(table: TableClient): Promise<void> {
  for await (const { partitionKey = "", rowKey = "" } of table.listEntities()) {
    await table.updateEntity({ partitionKey, rowKey, format: FORMAT + 1 }, "Merge");
  }
}

/** Does not answer until the caller gives up. */
export const hang: Fault = (_send, request) =>
  new Promise((_resolve, reject) => {
    const giveUp = () => reject(Object.assign(new Error("aborted"), { name: "AbortError" }));
    const limit = setTimeout(request.timeout, undefined, { ref: false });
    void limit.then(giveUp);
    request.abortSignal?.addEventListener("abort", giveUp);
  });
