import * as v from "valibot";
import { NotFound } from "../../shared/core/errors.ts";
import { described, exact, html } from "../../shared/schemas/vocabulary.ts";
import { operation } from "../operation.ts";

const TRUSTED_TYPES = ["require-trusted-types-for 'script'", "trusted-types 'none'"];

export const getConsole = operation({
  id: "GetConsole",
  summary: "Open the console",
  description:
    "Opens a page for browsers that shows chats, events, tickets, subscriptions and the state of the app. The page needs no key; the operations that it calls do.",
  tag: "Console",
  method: "GET",
  route: "console/{*path}",
  anonymous: true,
  input: {
    path: exact({
      path: described(v.optional(v.string()), "A page of the console, or one of its files.", "events"),
    }),
    // The page reads its filters from its address; the app ignores them.
    query: v.looseObject({}),
  },
  output: {
    status: 200,
    description: "The page, or the file.",
    schema: html,
    type: "text/html",
    otherTypes: { "text/css": "A style sheet.", "text/javascript": "A script." },
  },
  errors: [NotFound],
  run: async ({ path: { path = "" } }, _, { url }) => {
    const { pageFile } = await import("../page-file.ts");
    if (/^[^/]+\.(js|css)$/.test(path))
      return pageFile({ page: "console", name: path, policy: TRUSTED_TYPES });
    // Every other path is a page of the console. One file shows all pages.
    const answer = await pageFile({ page: "console", name: "index.html", policy: TRUSTED_TYPES });
    const [, prefix = "", name = ""] = url.pathname.split("/");
    return { ...answer, text: answer.text?.replaceAll("{base}", `/${prefix}/${name}`) };
  },
});
