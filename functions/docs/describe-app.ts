import about from "../../package.json" with { type: "json" };
import type { Operation } from "../../shared/http/operation.ts";
import { type OpenApi, toOpenApi } from "../../shared/publish/openapi.ts";
import type { Services } from "../services.ts";
import { tags } from "../tags.ts";

let definition: OpenApi | undefined;

/** The OpenAPI definition, with the address that the caller used. Everything but the address is made once. */
export function describeApp(operations: readonly Operation<Services>[], server: string): OpenApi {
  definition ??= toOpenApi(operations, {
    title: "LiveChat Functions",
    version: about.version,
    license: { name: about.license, identifier: about.license },
    contact: { name: "The operator of this app" },
    description: `${about.description}. Every error is a problem document (RFC 9457). A browser refuses calls from pages on other origins until you allow the origin: \`az functionapp cors add -g GROUP -n APP --allowed-origins https://your-page.example\`.`,
    tags,
  });
  return { ...definition, servers: [{ url: server }] };
}
