export const STATUSES = ["open", "pending", "solved", "spam"] as const;
export const SOURCES = ["lc2", "mail", "facebook", "agent-app-manual", "chat-window"] as const;

/** Every time in here is in epoch milliseconds; how it is spelled is decided when it is answered. */
export type Ticket = {
  id: string;
  subject: string;
  status: (typeof STATUSES)[number];
  requester: { mail: string; name?: string; ip?: string };
  assignee?: { id: string; name: string };
  source: { type: (typeof SOURCES)[number]; url?: string; id?: string };
  tags: string[];
  groups: number[];
  events: TicketEvent[];
  date: number;
  modified: number;
  opened: { from: number; to?: number }[];
  firstResponse?: { date: number; agent: { id: string; name: string } };
};

/** What happened to a ticket. Each type has fields of its own. */
export type TicketEvent = { type: string; date: number; author: Author; [field: string]: unknown };
export type Author = { id: string; name?: string; type: "agent" | "client" };
