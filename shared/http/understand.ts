import type { HttpRequest } from "@azure/functions";
import * as v from "valibot";
import { InvalidInput, type Problem, TooLarge, UnsupportedMediaType } from "../core/errors.ts";
import { fromJson } from "../core/json.ts";
import { cut } from "../core/text.ts";
import { MAX_PROBLEMS, validate } from "../schemas/validate.ts";
import { exact } from "../schemas/vocabulary.ts";
import { idempotencyKey } from "./idempotency/key.ts";
import { type Input, MAX_JSON_BYTES, type Understood } from "./operation.ts";

/** Query parameters of the Functions host: the function key and its name. */
const HOST_PARAMETERS = new Set(["code", "clientid"]);

/**
 * Reads from a request what the operation declares.
 *
 * @throws {InvalidInput} with all problems of header, path, query and body, at most {@link MAX_PROBLEMS}
 * @throws {UnsupportedMediaType} when the Content-Type of a JSON body is wrong, or a body is compressed
 * @throws {TooLarge} when the body is over its limit
 */
export async function understand<I extends Input>(
  { input, repeatable }: { input: I; repeatable?: object },
  request: HttpRequest,
): Promise<Understood<I> & { key?: string }> {
  const problems: Problem[] = [];
  const read = <Schema extends v.GenericSchema>(schema: Schema | undefined, value: unknown) => {
    if (!schema) return undefined;
    const result = validate(schema, value);
    if (result.success) return result.output;
    problems.push(...result.problems);
    return undefined;
  };

  const keys = repeatable && read(KEY_HEADER, { [KEY_NAME]: request.headers.get(KEY_NAME) ?? undefined });
  const path = read(input.path, routeParametersOf(request));
  const query = read(input.query ?? NO_QUERY, parametersOf(request));
  let body: unknown;
  if (input.body) {
    const json = parseBody(await readBytes(request, MAX_JSON_BYTES), request.headers.get("content-type"));
    if ("problem" in json) problems.push(json.problem);
    else body = read(input.body, json.value);
  }
  if (problems.length > 0) {
    throw new InvalidInput(summarise(problems), { problems: problems.slice(0, MAX_PROBLEMS) });
  }

  const raw = input.delivery && (await readBytes(request, input.delivery.maxBytes));
  return { key: keys?.[KEY_NAME], path, query, body, raw } as Understood<I> & { key?: string };
}

const NO_QUERY = exact({});
const KEY_NAME = "Idempotency-Key";
const KEY_HEADER = v.object({ [KEY_NAME]: v.optional(idempotencyKey) });

/** The Functions host decodes every character of a path but the slash. */
function routeParametersOf({ params }: HttpRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, value.replaceAll(/%2f/gi, "/")]),
  );
}

/** The values of a repeated parameter are joined by commas, as the Functions host does without streaming. */
function parametersOf({ query }: HttpRequest): Record<string, string> {
  const names = new Set([...query.keys()].filter((name) => !HOST_PARAMETERS.has(name.toLowerCase())));
  const given = [...names].map((name) => [name, query.getAll(name).join(",")] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

async function readBytes(request: HttpRequest, maxBytes: number): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding.trim().toLowerCase() !== "identity") {
    throw new UnsupportedMediaType(
      `Content-Encoding: ${cut(encoding, 40)} is not supported. Send the body unencoded.`,
    );
  }
  const tooLarge = () => new TooLarge(`The body may have at most ${maxBytes} bytes.`);
  // The announced length can be wrong, so the length of the body is checked too.
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const next = await reader?.read().catch(() => {
      throw InvalidInput.at("", "The body was cut off before its end.");
    });
    if (!next || next.done) return Buffer.concat(chunks, size);
    size += next.value.byteLength;
    if (size > maxBytes) {
      drain(reader);
      throw tooLarge();
    }
    chunks.push(next.value);
  }
}

/**
 * Reads the rest of a body and drops it; the Functions host limits its size. The host sends the next request on the
 * same connection, where an unread body would block it. Cancelling the body would close the connection before the
 * answer is sent.
 */
async function drain(reader: ReadableStreamDefaultReader<unknown> | undefined): Promise<void> {
  try {
    while ((await reader?.read())?.done === false);
  } catch {
    // The caller closed the connection.
  }
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

function parseBody(bytes: Uint8Array, contentType: string | null): { value: unknown } | { problem: Problem } {
  if (bytes.length === 0) return { problem: { path: "", message: "A JSON body is required." } };
  if (!JSON_TYPE.test(contentType ?? "")) {
    throw new UnsupportedMediaType('The body must be JSON, sent with "Content-Type: application/json".');
  }
  const value = fromJson(bytes);
  return value === undefined ? { problem: { path: "", message: "The body is not valid JSON." } } : { value };
}

function summarise(problems: Problem[]): string {
  const [first] = problems;
  if (problems.length === 1 && first) return first.message;
  const count = problems.length < MAX_PROBLEMS ? problems.length : `At least ${MAX_PROBLEMS}`;
  return `${count} problems in the request.`;
}
