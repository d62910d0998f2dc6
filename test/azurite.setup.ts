import type { TestProject } from "vitest/node";
import { startAzurite } from "../local/azurite.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Connection string of the run's one Azurite, in memory: `inject("storage")`. Name your own tables in it. */
    storage: string;
  }
}

export default async function setup(project: TestProject) {
  const azurite = await startAzurite({ inMemory: true });
  project.provide("storage", azurite.connectionString);
  return () => azurite.stop();
}
