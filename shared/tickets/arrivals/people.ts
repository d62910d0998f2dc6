import type { TableClient } from "@azure/data-tables";
import { type Pending, pendingRows } from "../../pending/pending.ts";
import type { DataPlace } from "../../people/place.ts";
import { placeOfRows } from "../../people/place-of-rows.ts";
import { ARRIVALS_PARTITION, type ArrivedTicket } from "./arrivals.ts";

type ArrivalsPlaceOptions = {
  table: TableClient;
  /** Ids that came before this time (ISO 8601) are removed; kept when it is absent. */
  removeBefore: () => string | undefined;
};

/** Announced tickets. They are ids alone: whose they are, only HelpDesk knows, so an operator has to decide. */
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
