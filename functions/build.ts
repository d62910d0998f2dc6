import about from "../package.json" with { type: "json" };

/** The bundler defines this constant. It is missing when the code runs from its sources. */
declare const BUILD_COMMIT: string | undefined;

/** The build that is running. */
export const build = {
  version: about.version,
  commit: typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : "unknown",
};
