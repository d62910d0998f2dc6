import type { TransactionAction } from "@azure/data-tables";
import { toCanonicalJson } from "../../core/json.ts";
import type { LiveChatApi } from "../../core/settings.ts";
import { modifiedAt } from "../../listing/ticket-facts.ts";
import { toPeopleColumn } from "../../people/people-column.ts";
import { peopleIn } from "../../people/people-in.ts";
import type { StoredTicket } from "../../schemas/stored-ticket.ts";
import type { Ticket } from "../../schemas/ticket.ts";
import { compress, toProperties, unpack } from "../../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../../storage/format.ts";
import { endOf, hashed, ordered, withPrefix } from "../../storage/keys.ts";

/**
 * A ticket has two rows. The row under its last modification contains the ticket, so the table has the order of the
 * list. The row under its id points to that row. Both rows change in one transaction.
 */
export const TICKETS_PARTITION = "tickets";

/** The row under the ticket's id. */
export type Pointer = {
  /** Key of the row that holds the ticket; empty when it was erased before it was stored. */
  row: string;
  /** A digest of the content. */
  content: string;
  deletedAt?: string;
  /** Present when the ticket is a tombstone. */
  erasedFor?: ErasedFor;
  erasedAt?: string;
};

/**
 * Why a ticket is a tombstone. A ticket that was erased for a person stays a tombstone, even if LiveChat lists it. When
 * retention has removed the content, it comes back if LiveChat lists the ticket again.
 */
export type ErasedFor = "person" | "retention";

/** The columns of a ticket's row that filters use. The row also has the body. */
export type TicketColumns = {
  status: string;
  assignee: string;
  requester: string;
  deleted: boolean;
  deletedAt?: string;
  truncated?: boolean;
  /** Hashes of the addresses that the ticket names: see `toPeopleColumn`. */
  people?: string;
  /** ISO time: the row is a tombstone without a body. */
  erasedAt?: string;
  /** The API that listed the ticket; absent for v2. */
  api?: LiveChatApi;
  /** Number of the change to the store that wrote this row. */
  change: number;
} & Formatted;

/**
 * Limits of a ticket's JSON, in bytes before and after compression. The second is below 1 MiB because the emulator
 * counts the Base64 form.
 */
const MAX_TICKET_BYTES = 16 * 1024 * 1024;
const MAX_COMPRESSED_BYTES = 700 * 1024;

const TICKET = "ticket:";
const MODIFIED = "modified:";
/** The rows of all tickets, in the order of the list. */
export const ALL_TICKETS = withPrefix(MODIFIED);

export function pointerKey(id: string): string {
  return TICKET + hashed(id);
}

/** The key of the row that points to this row. */
export function pointerKeyOf(row: string): string {
  return TICKET + readTicketKey(row).hash;
}

export function ticketKey(ticket: Ticket): string {
  return `${modifiedKey(modifiedAt(ticket))}:${hashed(ticket.id)}`;
}

/** The end of the rows that were modified at this time or later. */
export function modifiedUntil(modified: number): string {
  return endOf(`${modifiedKey(modified)}:`);
}

/** Reads the time of modification and the hash of the id from a row's key. */
export function readTicketKey(key: string): { changedAt: number; hash: string } {
  const [, inverted = "", hash = ""] = key.split(":");
  return { changedAt: Number.MAX_SAFE_INTEGER - Number(inverted), hash };
}

/** Later times sort first. */
function modifiedKey(modified: number): string {
  return MODIFIED + ordered(Number.MAX_SAFE_INTEGER - modified);
}

/** A digest of the ticket's fields. The order of the fields makes no difference. */
export function contentOf(ticket: Ticket): string {
  return hashed(toCanonicalJson(ticket));
}

/** The form of a text in columns and filters: lower case, because case is ignored. */
export function column(value: unknown): string {
  const text = (typeof value === "string" ? value : "").toLowerCase().toWellFormed();
  return text.length <= 256 ? text : hashed(text);
}

/** The operations that store a ticket; `stored` is its present row. */
export async function writeTicket(
  ticket: Ticket,
  stored: Pointer | undefined,
  { change, api }: { change: number; api: LiveChatApi },
): Promise<TransactionAction[]> {
  const row = ticketKey(ticket);
  const moved: TransactionAction[] =
    stored?.row && stored.row !== row
      ? [["delete", { partitionKey: TICKETS_PARTITION, rowKey: stored.row }]]
      : [];
  if (stored?.erasedFor === "person") {
    const { erasedFor, erasedAt } = stored;
    return [...writeTombstone(row, { erasedFor, erasedAt, change, ...columnOf(api) }), ...moved];
  }
  const pointer: Pointer = { row, content: contentOf(ticket) };
  const { bytes, truncated } = await pack(ticket);
  const columns: TicketColumns = {
    format: FORMAT,
    status: column(ticket.status),
    assignee: column(ticket.assignee?.id),
    requester: column(ticket.requester?.mail),
    deleted: false,
    people: toPeopleColumn(peopleIn({ ticket })),
    change,
    ...columnOf(api),
    ...(truncated && { truncated }),
  };
  return [
    ["upsert", { partitionKey: TICKETS_PARTITION, rowKey: pointerKey(ticket.id), ...pointer }, "Replace"],
    [
      "upsert",
      { partitionKey: TICKETS_PARTITION, rowKey: row, ...columns, ...toProperties(bytes) },
      "Replace",
    ],
    ...moved,
  ];
}

function columnOf(api: LiveChatApi): Pick<TicketColumns, "api"> {
  return api === "v2" ? {} : { api };
}

/** The operations that make a ticket a tombstone: only its id and the fields that the reconciliation needs stay. */
export function writeTombstone(
  row: string,
  {
    erasedFor,
    ...columns
  }: Pick<TicketColumns, "deletedAt" | "erasedAt" | "change" | "api"> & Pick<Pointer, "erasedFor">,
): TransactionAction[] {
  const { deletedAt, erasedAt } = columns;
  const pointer: Pointer = { row, content: "", erasedFor, erasedAt, deletedAt };
  const nothing = { status: "", assignee: "", requester: "", people: "" };
  const tombstone: TicketColumns = { ...nothing, deleted: deletedAt !== undefined, ...columns };
  return [
    ["upsert", { partitionKey: TICKETS_PARTITION, rowKey: pointerKeyOf(row), ...pointer }, "Replace"],
    ["upsert", { partitionKey: TICKETS_PARTITION, rowKey: row, ...tombstone }, "Replace"],
  ];
}

/** The operations that mark the ticket in this row as deleted. */
export function markDeleted(row: string, deletedAt: string, change: number): TransactionAction[] {
  const mark = { partitionKey: TICKETS_PARTITION, deletedAt };
  return [
    ["update", { ...mark, rowKey: pointerKeyOf(row) }, "Merge"],
    ["update", { ...mark, rowKey: row, deleted: true, change }, "Merge"],
  ];
}

/** The ticket in a row that is not a tombstone, and the length of its JSON. */
export async function readTicket(
  row: TicketColumns & Record<string, unknown>,
): Promise<{ ticket: StoredTicket; bytes: number }> {
  const text = await unpack(checkFormat(row, "ticket store"));
  const ticket: StoredTicket = {
    ...(JSON.parse(text) as Ticket),
    ...(row.api && { api: row.api }),
    ...(row.deleted && { deletedAt: row.deletedAt }),
    ...(row.truncated && { truncated: true }),
  };
  return { ticket, bytes: Buffer.byteLength(text) };
}

/**
 * The compressed JSON of a ticket. When it does not fit into a row, the events are left out; if needed, only the
 * basic fields are kept.
 */
async function pack(ticket: Ticket): Promise<{ bytes: Buffer; truncated: boolean }> {
  const { events: _, ...eventless } = ticket;
  const { id, status, date, modified } = ticket;
  for (const content of [ticket, eventless]) {
    const text = JSON.stringify(content);
    if (Buffer.byteLength(text) > MAX_TICKET_BYTES) continue;
    const bytes = await compress(text);
    if (bytes.length <= MAX_COMPRESSED_BYTES) return { bytes, truncated: content !== ticket };
  }
  return { bytes: await compress(JSON.stringify({ id, status, date, modified })), truncated: true };
}
