import * as v from "valibot";
import { lazy } from "../../shared/core/lazy.ts";
import type { Operation } from "../../shared/http/operation.ts";
import { described, named, published } from "../../shared/schemas/vocabulary.ts";
import { operation } from "../operation.ts";
import type { Services } from "../services.ts";

const OpenApi = v.pipe(
  v.object({
    openapi: named(v.string(), "OpenAPI", "The version of OpenAPI."),
    info: described(v.object({ title: v.string(), version: v.string() }), "The title and version."),
    paths: described(v.object({}), "The operations, by path and method."),
  }),
  published({
    example: { openapi: "3.1.0", info: { title: "LiveChat Functions", version: "1.0.0" }, paths: {} },
  }),
);

/** @param operations returns all operations, this one included */
export function getOpenApi(operations: () => readonly Operation<Services>[]) {
  const definition = lazy(async () => (await import("./describe-app.ts")).describeApp(operations()));
  return operation({
    id: "GetOpenApi",
    summary: "Get the definition",
    description:
      "Returns this description of all operations, in OpenAPI 3.1. It has no secrets and needs no key.",
    tag: "Reference",
    method: "GET",
    route: "openapi.json",
    anonymous: true,
    input: {},
    output: { status: 200, description: "The definition.", schema: OpenApi },
    run: async (_, __, { url }) => {
      const server = url.href.replace(/\/openapi\.json\/?$/i, "");
      const body = { ...(await definition()), servers: [{ url: server }] };
      return { body, headers: { "cache-control": "no-cache" } };
    },
  });
}
