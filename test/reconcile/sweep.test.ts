import { expect, test } from "vitest";
import type { LiveItem } from "../../shared/reconcile/sink.ts";
import type { Sweep } from "../../shared/reconcile/state.ts";
import { missedNotes, recordSeen } from "../../shared/reconcile/sweep.ts";
import { hashed } from "../../shared/storage/keys.ts";

const ids = (count: number) => Array.from({ length: count }, (_, index) => `T${index}`);
const shortHashes = (ids: readonly string[]) => ids.map((id) => hashed(id).slice(0, 16));
const begun = (): Sweep<number> => ({
  ...{ position: 0, begunAt: 0, readAt: 0, page: 0, pages: 0 },
  ...{ number: 7, seen: [], notes: 2 },
});

test("a sweep keeps the hash of each item that it has seen once", () => {
  const sweep = begun();
  expect(recordSeen(sweep, ["a", "b"])).toEqual({});
  expect(recordSeen(sweep, ["b", "c"])).toEqual({});
  expect(sweep).toMatchObject({ seen: shortHashes(["a", "b", "c"]), notes: 2 });
});

test("512 hashes of seen items move from the sweep to a note", () => {
  const sweep = begun();
  expect(recordSeen(sweep, ids(511))).toEqual({});
  expect(recordSeen(sweep, ids(512))).toEqual({ "seen:000002": { sweep: 7, seen: shortHashes(ids(512)) } });
  expect(sweep).toMatchObject({ seen: [], notes: 3 });
});

test("the hashes of missed items fill notes of 512 each", () => {
  const items = ids(513).map((id): LiveItem => ({ row: id, hash: hashed(id), changedAt: 0 }));
  expect(missedNotes(7, items)).toEqual({
    "missed:000000": { sweep: 7, missed: shortHashes(ids(512)) },
    "missed:000001": { sweep: 7, missed: shortHashes(["T512"]) },
  });
  expect(missedNotes(7, [])).toEqual({});
});
