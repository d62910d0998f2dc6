import about from "../package.json" with { type: "json" };

/** Put in when the app is bundled; code that runs from its sources has none. */
declare const BUILD_COMMIT: string | undefined;

/** The build that is running. */
export const build = {
  version: about.version,
  commit: typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : "unknown",
};
