import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { fromJson } from "../core/json.ts";
import { cut } from "../core/text.ts";
import { objectOf } from "../core/values.ts";
import { readRetryAfter } from "../core/wait.ts";
import { type CallbackRules, guardedLookup, type Resolver, systemResolver } from "./address.ts";
import { type Callback, readCallback } from "./callback.ts";

/** The result of a request to a callback: an answer with a status, or a failure. */
export type CallbackAnswer = {
  /** The HTTP status; absent when there was no answer. */
  status?: number;
  /** Why no answer came, as a code: `ECONNREFUSED`, `TIMEOUT`. */
  failure?: string;
  /** `Retry-After`, in milliseconds. */
  retryAfter?: number;
  /** `error.code` of a JSON body, as Azure's services send it. */
  code?: string;
  /** The start of the body, unless the answer is a success. It is untrusted text. */
  excerpt?: string;
};

export type Post = (url: string, body: string, headers: Record<string, string>) => Promise<CallbackAnswer>;

type PostOptions = CallbackRules & {
  /** Milliseconds for the whole request: resolving the name, connecting, sending, and reading the answer. */
  timeLimit?: number;
  /** Further certificate authorities. */
  ca?: string;
  resolve?: Resolver;
};

/** The maximum number of bytes that are read of an answer's body. */
const MAX_ANSWER_BYTES = 4 * 1024;
/** The maximum number of characters that are returned of a failed answer's body. */
const EXCERPT_CHARACTERS = 500;
/** Milliseconds after which an idle connection is closed. */
const IDLE_LIMIT = 5_000;

/**
 * Makes the function that sends requests to callbacks. It does not follow redirects, and checks the address of every
 * connection. It never throws: a failure is a {@link CallbackAnswer}.
 */
export function createPost({
  allowLoopback,
  timeLimit = 10_000,
  ca,
  resolve = systemResolver,
}: PostOptions): Post {
  const rules = { allowLoopback };
  const lookup = guardedLookup(rules, resolve);
  const agentOptions = { keepAlive: true, timeout: IDLE_LIMIT };
  const agents = { http: new HttpAgent(agentOptions), https: new HttpsAgent({ ...agentOptions, ca }) };

  async function send(
    callback: Callback,
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<CallbackAnswer> {
    const { secure, ...target } = callback;
    const request = (secure ? httpsRequest : httpRequest)({
      ...target,
      method: "POST",
      lookup,
      signal,
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      agent: secure ? agents.https : agents.http,
    });
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        request.once("response", resolve).on("error", reject);
        // A change of protocol, for example, ends the request without an answer or an error.
        request.once("close", () => reject(NO_ANSWER));
        request.end(body);
      });
      return await readAnswer(answer);
    } catch (error) {
      const failure = signal.aborted ? "TIMEOUT" : reasonOf(error);
      // The callback closed an idle connection just as we used it again, so it has not read the request.
      const isUnread = request.reusedSocket && failure === "ECONNRESET";
      return isUnread ? send(callback, body, headers, signal) : { failure };
    }
  }

  return async (url, body, headers) => {
    let callback: Callback;
    try {
      callback = readCallback(url, rules);
    } catch {
      // The subscription was made under other rules, or by a version that checked less.
      return { failure: "ENOTPUBLIC" };
    }
    return send(callback, body, headers, AbortSignal.timeout(timeLimit));
  };
}

const NO_ANSWER = Object.assign(new Error("The connection was closed."), { code: "ENOANSWER" });

/** Reads an answer. When reading its body fails, the status still counts. */
async function readAnswer(answer: IncomingMessage): Promise<CallbackAnswer> {
  const { statusCode: status = 0, headers } = answer;
  const body = await readStart(answer).catch(() => "");
  const retryAfter = readRetryAfter(headers["retry-after"], headers.date);
  const code = status === 400 ? readCode(body) : undefined;
  const excerpt = status >= 200 && status < 300 ? "" : cut(body, EXCERPT_CHARACTERS);
  return { status, retryAfter, code, excerpt: excerpt || undefined };
}

async function readStart(answer: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop closes the connection.
    if (size > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8", 0, MAX_ANSWER_BYTES);
}

function readCode(body: string): string | undefined {
  const { error, code = objectOf(error).code } = objectOf(fromJson(body));
  return typeof code === "string" ? code.slice(0, 100) : undefined;
}

/** The network's own code. The message is not returned, because it may contain the URL. */
function reasonOf(error: unknown): string {
  const { code, name } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof code === "string" ? code : (name ?? "Error");
}
