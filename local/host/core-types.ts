/**
 * The interface between `@azure/functions` 4.x and its host. The host's side, `@azure/functions-core`, is a part of the
 * official worker and not a package. So the types that this host needs are declared here.
 */

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";
export type LogCategory = "user" | "system" | "customMetric";

export type Binding = { type: string; direction?: "in" | "out"; [option: string]: unknown };

export type FunctionMetadata = { name: string; bindings: Record<string, Binding>; retryOptions?: unknown };

export type FunctionCallback = (...args: unknown[]) => unknown;

type Nullable<T> = { value: T };

export type HttpRequestData = {
  method: string;
  /** An absolute URL. */
  url: string;
  nullableHeaders: Record<string, Nullable<string>>;
  nullableQuery: Record<string, Nullable<string>>;
  nullableParams: Record<string, Nullable<string>>;
  body?: { bytes: Uint8Array };
};

export type HttpResponseData = {
  statusCode: string;
  headers: Record<string, string>;
  /** This host sends no cookies, because the app sets none. */
  cookies: unknown[];
  body?: { bytes?: Uint8Array } | null;
};

/**
 * The input of a function, in exactly one of the fields. `http` is empty when the library reads the request from its own
 * HTTP server.
 */
export type TriggerData =
  | { http: HttpRequestData | Record<string, never> }
  | { json: string }
  | { string: string };

export type TraceContext = { traceParent: string; traceState: string; attributes: Record<string, string> };

type InvocationRequest = {
  invocationId: string;
  functionId: string;
  inputData: { name: string; data: TriggerData }[];
  triggerMetadata: Record<string, TriggerData>;
  traceContext: TraceContext;
};

export type InvocationResponse = { returnValue?: { http?: HttpResponseData } | null };

export type CoreInvocationContext = {
  invocationId: string;
  metadata: FunctionMetadata;
  state?: "preInvocationHooks" | "invocation" | "postInvocationHooks";
  request: InvocationRequest;
  log(level: LogLevel, category: LogCategory, message: string): void;
};

type InvocationModel = {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<InvocationResponse>;
};

export type ProgrammingModel = {
  name: string;
  version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities?(capabilities: Record<string, string>): Promise<Capabilities>;
};

type Capabilities = Record<string, string> & {
  /** The URL of the library's own HTTP server, after `app.setup({ enableHttpStream: true })`. */
  HttpUri?: string;
};
