import findMyWay, { type HTTPMethod } from "find-my-way";
import { type Fields, readForm } from "./form.ts";
import type { Request } from "./http.ts";
import { Refusal } from "./refusal.ts";

export type Input = { params: Record<string, string>; query: Fields; body: unknown };

/** Carries out a request: returns the body of a 200, or throws a {@link Refusal}. */
type Handler<Names extends string = string> = (input: Input & { params: Record<Names, string> }) => unknown;

type NamesIn<Route extends string> = Route extends `${string}:${infer Name}/${infer Rest}`
  ? Name | NamesIn<Rest>
  : Route extends `${string}:${infer Name}`
    ? Name
    : never;

type Routes<Table> = { [Route in keyof Table & string]: Handler<NamesIn<Route>> };

/** Makes the function that carries out requests from a table of routes, such as `"GET /tickets/:id"`. */
export function routes<Table extends Routes<Table>>(table: Table): (request: Request) => unknown {
  const router = findMyWay({ maxParamLength: 1000 });
  for (const [route, handler] of Object.entries(table)) {
    const [method, path = ""] = route.split(" ");
    router.on(method as HTTPMethod, path, () => {}, handler);
  }
  return (request) => {
    const found = router.find(request.method as HTTPMethod, request.path);
    if (!found) throw new Refusal(404, "Not found");
    const handler: Handler = found.store;
    const params = found.params as Record<string, string>;
    return handler({ params, query: readForm(request.query), body: readBody(request) });
  };
}

function readBody({ headers, body }: Request): unknown {
  if (body === "") return {};
  const [type] = (headers["content-type"] ?? "").split(";");
  if (type === "application/x-www-form-urlencoded") return readForm(body);
  if (type !== "application/json") throw new Refusal(400, "The body must be JSON or a form");
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    throw new Refusal(400, "The body is not JSON");
  }
  if (typeof content !== "object" || content === null) throw new Refusal(400, "The body must be an object");
  return content;
}
