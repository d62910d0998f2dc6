import type { TableClient } from "@azure/data-tables";
import { DUES, type Pending } from "../../pending/pending.ts";
import type { DataPlace } from "../../people/place.ts";
import { placeOfRows, removeOld } from "../../people/place-of-rows.ts";
import { removeRow } from "../../storage/rows.ts";
import { scanRows } from "../../storage/scan.ts";
import { ARRIVALS_PARTITION, type ArrivedTicket } from "./arrivals.ts";

export type ArrivalsPlaceOptions = {
  table: TableClient;
  /** Ids that came before this time (ISO 8601) are removed; kept when it is absent. */
  removeBefore: () => string | undefined;
};

/** Announced tickets. They are ids alone: whose they are, only HelpDesk knows, so an operator has to decide. */
export function arrivalsPlace({ table, removeBefore }: ArrivalsPlaceOptions): DataPlace {
  const rows = (after: string) =>
    scanRows<Pending<ArrivedTicket>>(table, ARRIVALS_PARTITION, { ...DUES, after });
  return placeOfRows<Pending<ArrivedTicket>, Pending<ArrivedTicket>>({
    name: "arrivals",
    rows,
    find: (item) => ({ item, isUncertain: true }),
    erase: () => 0,
    show: ({ ticketId, receivedAt }) => [{ ticketId, receivedAt }],
    idOf: ({ ticketId }) => ticketId,
    retain: (after) =>
      removeOld(rows(after), removeBefore(), ({ rowKey, etag }) =>
        removeRow(table, ARRIVALS_PARTITION, rowKey, { etag }),
      ),
  });
}
