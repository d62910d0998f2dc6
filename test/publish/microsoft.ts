import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The reference of Microsoft's LiveChat connector: https://learn.microsoft.com/connectors/livechat/. */

/** Operations by id: method, path, and the keys of their parameters. An asterisk marks required keys. */
export const OPERATIONS: Record<string, { call: string; summary: string; keys: string[] }> = {
  ListAgents: { call: "GET /agents", summary: "List agents", keys: [] },
  CreateAgent: {
    call: "POST /agents",
    summary: "Create a new agent",
    keys: ["login*", "name*", "login_status", "job_title", "permission", "password", "max_chats_count"],
  },
  DeleteAgent: { call: "DELETE /agents/{login}", summary: "Remove an agent", keys: ["login*"] },
  ListTickets: { call: "GET /tickets", summary: "List tickets", keys: [] },
  CreateTicket: {
    call: "POST /tickets",
    summary: "Create a new ticket",
    keys: [
      "message*",
      "requester.mail*",
      "requester.name",
      "subject",
      "assignee.id",
      "source.type",
      "source.url",
    ],
  },
  GetTicket: { call: "GET /tickets/{ticketId}", summary: "Get ticket", keys: ["ticketId*"] },
  UpdateTicket: {
    call: "PUT /tickets/{ticketId}/tags",
    summary: "Update ticket",
    keys: [
      "ticketId*",
      "message",
      "requester.mail*",
      "requester.name",
      "subject",
      "assignee.id",
      "source.type",
      "source.url",
    ],
  },
  WebhookChatStarted: {
    call: "POST /chat_starts_webhook/webhooks",
    summary: "When a chat starts",
    keys: ["event_type*", "url*"],
  },
  WebhookChatEnded: {
    call: "POST /chat_ends_webhook/webhooks",
    summary: "When a chat ends",
    keys: ["event_type*", "url*"],
  },
  WebhookTicketCreated: {
    call: "POST /ticket_created_webhook/webhooks",
    summary: "When a ticket is created",
    keys: ["event_type*", "data_types[]*", "url*"],
  },
};

/** A row of the connector's reference: a parameter of an operation, or a field of a definition. */
type Row = {
  /** The operation's id, or the definition's name. */
  place: string;
  title: string;
  /** The path of the field, with dots. The items of a list are no step of the path. */
  key: string;
  required: boolean;
  type: string;
  /** Empty if the reference has none. */
  description: string;
};

/** All 131 rows of the connector's reference, word for word. */
export const ROWS: Row[] = readFileSync(join(import.meta.dirname, "microsoft-rows.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [place = "", title = "", key = "", required, type = "", description = ""] = line.split("\t");
    return { place, title, key, required: required === "true", type, description };
  });

/** The rows that the connector corrects, by place and key. */
export const CORRECTIONS: Readonly<Record<string, { title: string; description?: string; reason: string }>> =
  {
    "WebhookChatResponse chat.id": {
      title: "Chat Id",
      description: "Unique identifier of the chat.",
      reason: "the field is the chat's id; a chat's groups are `chat.groups`",
    },
    "CreateAgent login_status": {
      title: "Login Status",
      reason: "an import requires titles of parameters in Title Case",
    },
    "CreateAgent max_chats_count": {
      title: "Max Chat Counts",
      reason: "an import requires titles of parameters in Title Case",
    },
  };
