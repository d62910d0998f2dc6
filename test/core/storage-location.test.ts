import { expect, test } from "vitest";
import { hasQueues } from "../../shared/core/storage-location.ts";

test.each([
  ["UseDevelopmentStorage=true", true],
  ["AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net", true],
  ["AccountName=a; QueueEndpoint=https://a.queue.example", true],
  ["AccountName=a;TableEndpoint=https://a.table.example", false],
])("a storage with the connection string %s has queues: %s", (connectionString, expected) => {
  expect(hasQueues({ connectionString })).toBe(expected);
});

test("a storage with an endpoint for a managed identity has queues", () => {
  expect(hasQueues({ uri: "https://a.queue.core.windows.net" })).toBe(true);
});
