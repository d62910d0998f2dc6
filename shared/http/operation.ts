import type { HttpRequest } from "@azure/functions";
import type * as v from "valibot";
import type { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** A schema of parameters or fields, by their names. */
type ObjectSchema = v.GenericSchema<Record<string, unknown>, Record<string, unknown>>;

/** The parts of a request that an operation reads, each by its own schema. */
// biome-ignore lint/suspicious/noExplicitAny: the services of any app
export type Input<Services = any> = {
  /** The parameters of the route, by their names in it. */
  path?: ObjectSchema;
  /** The query; a parameter without a value counts as missing. */
  query?: ObjectSchema;
  /** The JSON body, at most {@link MAX_JSON_BYTES}. */
  body?: v.GenericSchema;
  /** In place of `body`: the bytes of a delivery, unchanged. */
  delivery?: Delivery<Services>;
};

/** A body that a webhook sends. Its sender is verified before the body is read; refusals are reported. */
type Delivery<Services> = {
  /** Describes the body for the reference; the body is not validated. */
  schema: v.GenericSchema;
  maxBytes: number;
  /** Where the sender's credentials are: in the header `Authorization`, or in the parameter `key` of the query. */
  credentials: "basic" | "key";
  /** @throws {AppError} when the sender may not deliver here */
  verify(request: Pick<HttpRequest, "headers" | "query">, services: Services): void;
  /** Called with the error of a delivery before the error is answered. */
  refused(error: unknown, call: Invocation, services: Services): void;
};

/** The parts of the request that the operation declares, validated: the input of `run`. */
export type Understood<I extends Input> = {
  path: I["path"] extends v.GenericSchema ? v.InferOutput<I["path"]> : undefined;
  query: I["query"] extends v.GenericSchema ? v.InferOutput<I["query"]> : undefined;
  body: I["body"] extends v.GenericSchema ? v.InferOutput<I["body"]> : undefined;
  raw: I["delivery"] extends object ? Uint8Array : undefined;
};

/** The invocation that an operation runs in. */
export type Invocation = {
  /** The request's address without its query, which may contain a function key. */
  url: URL;
  headers: Headers;
  /** Present when the request has an `Idempotency-Key`: the conditions for the call that makes the change. */
  permit?: Permit;
  /** Writes one structured line. Its fields must hold no content of chats, addresses of people, or URLs. */
  log: Log;
};

/** An answer: a body that the output schema describes, and headers. */
export type Answer<Body> = {
  body?: Body;
  /** Text that is sent in place of `body`. */
  text?: string;
  /** The status, if it differs from the status of the operation's output. */
  status?: number;
  headers?: Record<string, string>;
};

/** An answer as text, ready to send. */
export type Reply = { status: number; headers: Record<string, string>; body?: string };

/** The answer of an operation that succeeds. */
export type Output<O extends v.GenericSchema> = {
  status: number;
  description: string;
  /** `v.undefined()` for an answer without a body. */
  schema: O;
  /** Headers by name, each with the schema of its value. */
  headers?: ObjectSchema;
  /** The media type, if it is not JSON. */
  type?: string;
  /** Descriptions, by media type, of other formats that a parameter can select. They are text. */
  otherTypes?: Readonly<Record<string, string>>;
  /** Descriptions, by status, of other answers with the same shape. */
  otherStatuses?: Readonly<Record<number, string>>;
};

/** A kind of error, by its class. */
export type ErrorClass = new (detail: string) => AppError;

/**
 * The one declaration of an operation. Its registration with Azure Functions, the validation of requests, OpenAPI and
 * the connector derive from it.
 */
export type Operation<
  Services,
  I extends Input<Services> = Input<Services>,
  O extends v.GenericSchema = v.GenericSchema,
> = {
  /** The operation id that flows store, and the function's name in Azure. */
  id: string;
  /** A short heading; the words of the id by default. */
  summary?: string;
  /** Full sentences. */
  description: string;
  /** The heading of the operation in the reference. */
  tag: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Azure's route template, without the prefix of `host.json`. */
  route: string;
  /** The host requires no function key. A delivery has its own credentials. */
  anonymous?: true;
  input: I;
  output: Output<O>;
  /** The errors of the operation, besides those of an invalid request. */
  errors?: readonly ErrorClass[];
  /**
   * Publishes the operation in the connector for Power Automate: `action` as a step of a flow, `internal` as a call
   * that the flow engine makes.
   */
  connector?: "action" | "internal";
  /**
   * Makes the operation a trigger of that connector: a subscription whose `url` receives this body for each event.
   */
  trigger?: { notification: v.GenericSchema };
  /**
   * What a call changes, for the warning in the reference. The default is the app's own storage; for a GET, nothing.
   */
  writes?: "LiveChat" | "nothing";
  /** Adds an ETag to the answers and accepts `If-None-Match`, for answers that are polled and seldom change. */
  conditional?: true;
  /** Makes the operation accept an `Idempotency-Key`. */
  repeatable?: Repeatable<Services, I, O>;
  run(input: Understood<I>, services: Services, call: Invocation): Promise<Answer<v.InferInput<O>>>;
};

/** A search for the item that an earlier attempt may have created before its answer was lost. */
export type Search = {
  /** When the attempt began, in ISO 8601. */
  since: string;
  /** When the search must be over, in milliseconds since the epoch by this process's own clock. */
  deadline: number;
  /** Claims an item by its name; `false` when it belongs to another key. */
  claim(name: string): Promise<boolean>;
};

/** The conditions of a call that makes a change upstream, so the change is not made twice. */
export type Permit = {
  /** When the call must be over, in milliseconds since the epoch by this process's own clock. */
  deadline: number;
  /** Must be awaited right before each request. @throws {Conflict} when another instance has taken over */
  beforeSend(): Promise<void>;
};

/** How an operation runs once for each `Idempotency-Key`. */
type Repeatable<Services, I extends Input<Services>, O extends v.GenericSchema> = {
  /** A unique name of the created item; `undefined` when the answer does not show it. */
  nameOf(made: v.InferInput<O>, input: Understood<I>): string | undefined;
  /** Searches upstream for the item that an earlier attempt may have created. */
  find(input: Understood<I>, services: Services, search: Search): Promise<v.InferInput<O> | undefined>;
};

/** Gives a declaration its types: `const operation = declare<Services>()`, then `operation({ … })`. */
export function declare<Services>() {
  return <const I extends Input<Services>, const O extends v.GenericSchema>(
    declaration: Operation<Services, I, O>,
  ) => declaration;
}

/** The largest JSON body, in bytes. */
export const MAX_JSON_BYTES = 1024 * 1024;
