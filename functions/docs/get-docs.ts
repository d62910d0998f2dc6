import { html } from "../../shared/schemas/vocabulary.ts";
import { operation } from "../operation.ts";

export const getDocs = operation({
  id: "GetDocs",
  summary: "Open the reference",
  description:
    "Opens a page on which you can read and try every operation. The page needs no key; the operations do.",
  tag: "Reference",
  method: "GET",
  route: "docs",
  anonymous: true,
  input: {},
  output: { status: 200, description: "The page.", schema: html, type: "text/html" },
  run: async (_, __, { url }) => {
    // The page's links are relative to its address without a slash.
    if (url.pathname.endsWith("/")) return { status: 308, headers: { location: "../docs" } };
    const { pageFile } = await import("../page-file.ts");
    return pageFile({ page: "docs", name: "index.html" });
  },
});
