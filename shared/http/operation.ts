import type { HttpRequest } from "@azure/functions";
import type * as v from "valibot";
import type { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** A schema for an object whose keys are parameters or fields. */
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
  /** In place of `body`: the bytes of a delivery, as they came. */
  delivery?: Delivery<Services>;
};

/** A body that a webhook sends. Its sender is verified before the body is read; refusals are reported. */
export type Delivery<Services> = {
  /** Describes the body for the reference; the body is not validated. */
  schema: v.GenericSchema;
  maxBytes: number;
  /** Where the sender's credentials are: in the header `Authorization`, or in the parameter `key` of the query. */
  credentials: "basic" | "key";
  /** @throws {AppError} when the sender may not deliver here */
  verify(request: Pick<HttpRequest, "headers" | "query">, services: Services): void;
  /** Called with the error that a delivery is about to be answered with. */
  refused(error: unknown, call: Call, services: Services): void;
};

/** The parts of the request that the operation declares, validated: the input of `run`. */
export type Understood<I extends Input> = {
  path: I["path"] extends v.GenericSchema ? v.InferOutput<I["path"]> : undefined;
  query: I["query"] extends v.GenericSchema ? v.InferOutput<I["query"]> : undefined;
  body: I["body"] extends v.GenericSchema ? v.InferOutput<I["body"]> : undefined;
  raw: I["delivery"] extends object ? Uint8Array : undefined;
};

/** The invocation that an operation runs in. */
export type Call = {
  /** The request's address without its query: a function key may be in there. */
  url: URL;
  headers: Headers;
  /** Given when the request has an `Idempotency-Key`: the call that makes the change must keep to it. */
  permit?: Permit;
  /** Writes one structured line. Its fields must hold no content of chats, addresses of people, or URLs. */
  log: Log;
};

/** An answer: a body that the output schema describes, and headers. */
export type Answer<Body> = {
  body?: Body;
  /** Sent as it is in place of `body`. */
  text?: string;
  /** When it differs from the operation's own. */
  status?: number;
  headers?: Record<string, string>;
};

/** An answer as it is sent. */
export type Reply = { status: number; headers: Record<string, string>; body?: string };

/** The answer of an operation that succeeds. */
export type Output<O extends v.GenericSchema> = {
  status: number;
  description: string;
  /** `v.undefined()` for an answer without a body. */
  schema: O;
  /** Headers by their names, as they are read: a number is a number. */
  headers?: ObjectSchema;
  /** The media type, where it is not JSON. */
  type?: string;
  /** Descriptions by media type of the other formats that a parameter can ask for. Each is text. */
  otherTypes?: Readonly<Record<string, string>>;
  /** Descriptions by status of other answers in the same shape. */
  otherStatuses?: Readonly<Record<number, string>>;
};

/** A kind of error, by its class. */
export type ErrorClass = new (detail: string) => AppError;

/**
 * One operation, declared once. Its registration with Azure Functions, the validation of requests, OpenAPI and the connector
 * are derived from this.
 */
export type Operation<
  Services,
  I extends Input<Services> = Input<Services>,
  O extends v.GenericSchema = v.GenericSchema,
> = {
  /** The name that flows store, and the function's name in Azure. */
  id: string;
  /** A few words, as a heading; the id in words, unless it is given. */
  summary?: string;
  /** Full sentences. */
  description: string;
  /** The heading under which the reference shows it. */
  tag: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Azure's route template, without the prefix of `host.json`. */
  route: string;
  /** The host asks for no function key. A delivery has credentials of its own. */
  anonymous?: true;
  input: I;
  output: Output<O>;
  /** Its errors, beside those of an invalid request. */
  errors?: readonly ErrorClass[];
  /** Its place in the connector for Power Automate: an action, or a call that flows make by themselves. */
  connector?: "action" | "internal";
  /** Makes it a trigger of that connector: a subscription whose `url` gets this body, whenever there is one. */
  trigger?: { notification: v.GenericSchema };
  /** The thing that a call changes, for the reference's warning. By default the app's own storage, and nothing for a GET. */
  writes?: "LiveChat" | "nothing";
  /** Gives its answers an ETag, and takes `If-None-Match`: for what is polled and seldom changes. */
  conditional?: true;
  /** Makes it take an `Idempotency-Key`. */
  repeatable?: Repeatable<Services, I, O>;
  run(input: Understood<I>, services: Services, call: Call): Promise<Answer<v.InferInput<O>>>;
};

/** A search for the thing that an earlier attempt may have made, whose answer was lost. */
export type Search = {
  /** When the attempt began, in ISO 8601. */
  since: string;
  /** When the search must be over, in milliseconds since the epoch by this process's own clock. */
  deadline: number;
  /** Claims a thing by its name; `false` when it belongs to another key. */
  claim(name: string): Promise<boolean>;
};

/** Conditions of a call that changes something upstream, so the change is not made twice. */
export type Permit = {
  /** When the call must be over, in milliseconds since the epoch by this process's own clock. */
  deadline: number;
  /** Must be awaited right before each request. @throws {Conflict} when another instance has taken over */
  beforeSend(): Promise<void>;
};

/** How an operation is done once for each `Idempotency-Key`. */
export type Repeatable<Services, I extends Input<Services>, O extends v.GenericSchema> = {
  /** A unique name of the created item; `undefined` when the answer does not show it. */
  nameOf(made: v.InferInput<O>, input: Understood<I>): string | undefined;
  /** Looks upstream for the thing that an earlier attempt may have made. */
  find(input: Understood<I>, services: Services, search: Search): Promise<v.InferInput<O> | undefined>;
};

/** Gives a declaration its types: `const operation = declare<Services>()`, then `operation({ … })`. */
export function declare<Services>() {
  return <const I extends Input<Services>, const O extends v.GenericSchema>(
    declaration: Operation<Services, I, O>,
  ) => declaration;
}

/** The largest JSON body that an operation reads, in bytes. */
export const MAX_JSON_BYTES = 1024 * 1024;
