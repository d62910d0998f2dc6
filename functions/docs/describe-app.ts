import about from "../../package.json" with { type: "json" };
import type { Operation } from "../../shared/http/operation.ts";
import { type OpenApi, toOpenApi } from "../../shared/publish/openapi.ts";
import type { Services } from "../services.ts";
import { tags } from "../tags.ts";

/** The OpenAPI definition of these operations, without the app's address. */
export function describeApp(operations: readonly Operation<Services>[]): OpenApi {
  return toOpenApi(operations, {
    title: "LiveChat Functions",
    version: about.version,
    license: { name: about.license, identifier: about.license },
    contact: { name: "The operator of this app" },
    description: `${about.description}. Every error is a problem document (RFC 9457). A browser refuses calls from pages on other origins until you allow the origin: \`az functionapp cors add -g GROUP -n APP --allowed-origins https://your-page.example\`.`,
    tags,
  });
}
