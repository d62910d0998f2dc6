import { NotFound } from "../../shared/core/errors.ts";
import { described, exact, filled, html } from "../../shared/schemas/vocabulary.ts";
import { operation } from "../operation.ts";

export const getDocsAsset = operation({
  id: "GetDocsAsset",
  summary: "Get a file of the reference",
  description: "Returns a script or style sheet of the page. Its name changes with its content.",
  tag: "Reference",
  method: "GET",
  route: "docs/{asset}",
  anonymous: true,
  input: { path: exact({ asset: described(filled, "The name of the file.", "index.html") }) },
  output: {
    status: 200,
    description: "The file.",
    schema: html,
    type: "text/html",
    otherTypes: {
      "text/css": "A style sheet.",
      "text/javascript": "A script.",
      "text/plain": "A licence.",
    },
  },
  errors: [NotFound],
  run: async ({ path: { asset } }) => {
    const { pageFile } = await import("../page-file.ts");
    return pageFile({ page: "docs", name: asset });
  },
});
