import { expect, test } from "vitest";
import { decideOnRecord, type KeyRecord } from "../../../shared/http/idempotency/record.ts";

const NOW = Date.parse("2026-01-15T12:00:00.000Z");
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();
const DAY = 24 * 60 * 60;

const began = at(-60);
const record = (changes: Partial<KeyRecord>): KeyRecord => ({
  fingerprint: "same",
  began,
  state: "open",
  unsure: false,
  until: at(-30),
  ...changes,
});
const fresh = { do: "begin", since: at(0), unsure: false, notBefore: at(0) };

test.each<[string, KeyRecord | undefined, object]>([
  ["a new key begins", undefined, fresh],
  ["a key that began a day ago begins again", record({ state: "done", began: at(-DAY) }), fresh],
  [
    "a key that began almost a day ago is answered",
    record({ state: "done", began: at(-DAY + 1) }),
    { do: "answer", record: record({ state: "done", began: at(-DAY + 1) }) },
  ],
  ["a key with other content is refused", record({ fingerprint: "other" }), { do: "refuse" }],
  [
    "a key whose attempt is in progress waits until the attempt must have ended",
    record({ state: "running", until: at(2.5) }),
    { do: "wait", seconds: 3 },
  ],
  [
    "a key whose attempt must have ended begins unsure",
    record({ state: "running", until: at(0) }),
    { do: "begin", since: began, unsure: true, notBefore: at(0) },
  ],
  [
    "a key whose attempt did nothing begins",
    record({}),
    { do: "begin", since: began, unsure: false, notBefore: at(-30) },
  ],
  [
    "a key whose outcome is unknown begins, but acts only when the attempt has settled",
    record({ unsure: true, until: at(7) }),
    { do: "begin", since: began, unsure: true, notBefore: at(7) },
  ],
])("%s", (_, known, decision) => {
  expect(decideOnRecord(known, "same", NOW)).toEqual(decision);
});
