import type { TableClient } from "@azure/data-tables";
import { type Pending, pendingRows } from "../../pending/pending.ts";
import type { DataPlace } from "../../people/place.ts";
import { placeOfRows } from "../../people/place-of-rows.ts";
import { ARRIVALS_PARTITION, type ArrivedTicket } from "./arrivals.ts";

type ArrivalsPlaceOptions = {
  table: TableClient;
  /** ISO 8601: ids that arrived before this time are removed; all are kept when it is absent. */
  removeBefore: () => string | undefined;
};

/** Announced tickets. The app has only their ids and does not know the requesters, so an operator must decide. */
export function arrivalsPlace({ table, removeBefore }: ArrivalsPlaceOptions): DataPlace {
  return placeOfRows<Pending<ArrivedTicket>, Pending<ArrivedTicket>>({
    name: "arrivals",
    ...pendingRows(table, ARRIVALS_PARTITION, removeBefore),
    find: (item) => ({ item, isUncertain: true }),
    erase: () => 0,
    show: ({ ticketId, receivedAt }) => [{ ticketId, receivedAt }],
    idOf: ({ ticketId }) => ticketId,
  });
}
