import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { expect, test } from "vitest";

/** A program that starts Azurite, like `npm start`, and is killed by the test. */
const PARENT = `
  import { startAzurite } from ${JSON.stringify(new URL("../local/azurite.ts", import.meta.url).href)};
  const { connectionString } = await startAzurite({ location: process.argv[1] });
  process.stdout.write(connectionString);
`;

test("Azurite saves its data and ends when its parent is killed", async () => {
  const location = await mkdtemp(join(tmpdir(), "azurite-"));
  const parent = spawn(process.execPath, ["--input-type=module", "-e", PARENT, location]);
  try {
    const [connectionString] = await once(parent.stdout.setEncoding("utf8"), "data");
    const table = TableClient.fromConnectionString(connectionString, "kept", {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 0 },
    });
    await table.createTable();
    await table.createEntity({ partitionKey: "p", rowKey: "acknowledged" });

    parent.kill("SIGKILL");

    await expect
      .poll(() => table.getEntity("p", "acknowledged").catch((error) => error.code))
      .toBe("ECONNREFUSED");
    const saved = () => readFile(join(location, "__azurite_db_table__.json"), "utf8");
    await expect.poll(saved).toContain("acknowledged");
  } finally {
    parent.kill("SIGKILL");
    // Azurite may still be saving the data of its other services.
    await rm(location, { recursive: true, force: true, maxRetries: 10 });
  }
});
