import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { readRetryAfter } from "../core/retry-after.ts";
import { type Callback, type CallbackRules, readCallback } from "./callback.ts";
import { guardedLookup, type Resolver, systemResolver } from "./resolve.ts";

/** The result of calling a callback. */
export type CallbackAnswer = {
  /** The HTTP status; missing when there was no answer. */
  status?: number;
  /** The reason for no answer, as a code: `ECONNREFUSED`, `TIMEOUT`. */
  failure?: string;
  /** `Retry-After`, in milliseconds. */
  retryAfter?: number;
  /** `error.code` of a JSON body, as Azure's services give it. */
  code?: string;
  /** How the body begins, of an answer that is no success: as it came, so it may say anything. */
  excerpt?: string;
};

export type Post = (url: string, body: string, headers: Record<string, string>) => Promise<CallbackAnswer>;

type PostOptions = CallbackRules & {
  /** Milliseconds for the whole of a call: finding the address, connecting, sending, and the answer's body. */
  timeLimit?: number;
  /** Certificate authorities beside those that Node trusts. */
  ca?: string;
  resolve?: Resolver;
};

/** How much of an answer's body is read, in bytes. */
const MAX_ANSWER_BYTES = 4 * 1024;
/** How many characters of it are kept, if the answer is no success. */
const EXCERPT_CHARACTERS = 500;
/** Milliseconds that a connection is kept for the next event. */
const IDLE_LIMIT = 5_000;

/**
 * Makes the one function that calls callbacks. It goes where the URL says and nowhere else: redirects are not followed,
 * and every connection's address is checked by the rules. It never throws: a failure is a {@link CallbackAnswer} too.
 */
export function createPost({
  allowLoopback,
  timeLimit = 10_000,
  ca,
  resolve = systemResolver,
}: PostOptions): Post {
  const rules = { allowLoopback };
  const lookup = guardedLookup(rules, resolve);
  const kept = { keepAlive: true, timeout: IDLE_LIMIT };
  const agents = { http: new HttpAgent(kept), https: new HttpsAgent({ ...kept, ca }) };

  async function send(
    callback: Callback,
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<CallbackAnswer> {
    const { secure, hostname, port, target: path, auth } = callback;
    const request = (secure ? httpsRequest : httpRequest)({
      ...{ method: "POST", hostname, port, path, auth, lookup, signal },
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      agent: secure ? agents.https : agents.http,
    });
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        request.once("response", resolve).on("error", reject);
        // A change of protocol, for example, ends without an answer or an error.
        request.once("close", () => reject(NO_ANSWER));
        request.end(body);
      });
      return await readAnswer(answer);
    } catch (error) {
      const failure = signal.aborted ? "TIMEOUT" : reasonOf(error);
      // The other side closed a kept connection just as it was used again: it has not seen the call.
      const unseen = request.reusedSocket && failure === "ECONNRESET";
      return unseen ? send(callback, body, headers, signal) : { failure };
    }
  }

  return async (url, body, headers) => {
    let callback: Callback;
    try {
      callback = readCallback(url, rules);
    } catch {
      // It was let in under other rules, or by an app that knew less.
      return { failure: "ENOTPUBLIC" };
    }
    return send(callback, body, headers, AbortSignal.timeout(timeLimit));
  };
}

const NO_ANSWER = Object.assign(new Error("The connection was closed."), { code: "ENOANSWER" });

/** Reads the little of an answer that matters. Its status counts, also when reading its body fails. */
async function readAnswer(answer: IncomingMessage): Promise<CallbackAnswer> {
  const { statusCode: status = 0, headers } = answer;
  const body = await readStart(answer).catch(() => "");
  const retryAfter = readRetryAfter(headers["retry-after"], headers.date);
  const code = status === 400 ? readCode(body) : undefined;
  const excerpt = status >= 200 && status < 300 ? "" : body.slice(0, EXCERPT_CHARACTERS);
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
  try {
    const { error, code = error?.code } = JSON.parse(body);
    return typeof code === "string" ? code.slice(0, 100) : undefined;
  } catch {
    return undefined;
  }
}

/** The network's own code. Messages are not kept: they may hold the URL. */
function reasonOf(error: unknown): string {
  const { code, name } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof code === "string" ? code : (name ?? "Error");
}
