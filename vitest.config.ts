import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

// Each test file has its own process. With the cache, the processes compile each module only once.
process.env.NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache");

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/azurite.setup.ts"],
    // Integration tests start real processes. These limits are for a machine that is ten times slower; only a failure takes so long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: true,
    maxWorkers: 2,
  },
});
