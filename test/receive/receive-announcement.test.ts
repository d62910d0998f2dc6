import { expect, test } from "vitest";
import { receiveAnnouncement } from "../../shared/receive/receive-announcement.ts";

/** Receives the announcement `T1`, and returns the receipt with the calls in their order. */
async function receive({ isNew = true, known }: { isNew?: boolean; known?: { id: string } }) {
  const calls: string[] = [];
  const call = async <Value>(name: string, value: Value) => {
    calls.push(name);
    return value;
  };
  const received = await receiveAnnouncement({
    event: { type: "ticket_created", id: "E1" },
    item: "T1",
    itemId: "T1",
    pending: {
      keep: (item) => call(`keep ${item}`, isNew),
      forget: (id) => call(`forget ${id}`, undefined),
      settle: (id) => call(`settle ${id}`, undefined),
    },
    find: () => call("find", known),
  });
  return { received, calls };
}

test("a new announcement is stored before the log is searched", async () => {
  expect(await receive({})).toEqual({
    received: { type: "ticket_created", id: "E1", status: "stored" },
    calls: ["keep T1", "find", "settle T1"],
  });
});

test("a repeated announcement is a duplicate that is not settled again", async () => {
  expect(await receive({ isNew: false })).toEqual({
    received: { type: "ticket_created", id: "E1", status: "duplicate" },
    calls: ["keep T1"],
  });
});

test("a forgotten announcement has the id of its event in the log", async () => {
  expect(await receive({ known: { id: "E0" } })).toEqual({
    received: { type: "ticket_created", id: "E0", status: "duplicate" },
    calls: ["keep T1", "find", "forget T1"],
  });
});
