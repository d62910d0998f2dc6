import type { TableClient } from "@azure/data-tables";
import type { DataPlace } from "../../people/place.ts";
import { removeRow } from "../../storage/rows.ts";
import { scan } from "../../storage/scan.ts";
import { DUES, type DueTicket, PARTITION } from "./rows.ts";

export type ArrivalsPlaceOptions = {
  table: TableClient;
  /** Ids that came before this time (ISO 8601) are removed; kept when it is absent. */
  removeBefore: () => string | undefined;
};

/** Announced tickets. They are ids alone: whose they are, only HelpDesk knows, so an operator has to decide. */
export function arrivalsPlace({ table, removeBefore }: ArrivalsPlaceOptions): DataPlace {
  async function* rows(after: string) {
    for await (const window of scan<DueTicket>(table, PARTITION, { ...DUES, after })) yield* window;
  }

  return {
    name: "arrivals",
    async *erase(_, after) {
      for await (const { rowKey = "", ticketId } of rows(after)) {
        yield { after: rowKey, erased: 0, undecided: ticketId };
      }
    },
    async *search(_, after) {
      for await (const { rowKey = "", ticketId, receivedAt } of rows(after)) {
        yield { after: rowKey, items: [{ ticketId, receivedAt }], undecided: true as const };
      }
    },
    async *retain(after) {
      const before = removeBefore();
      if (before === undefined) return;
      for await (const { rowKey = "", receivedAt, etag } of rows(after)) {
        const isOld = receivedAt < before;
        if (isOld) await removeRow(table, PARTITION, rowKey, { etag });
        yield { after: rowKey, removed: isOld ? 1 : 0 };
      }
    },
  };
}
