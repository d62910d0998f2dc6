/** The heading of each route of the console, and an address of it. Ids that the test creates are in braces. */
export const PAGES: Record<string, [heading: string, path: string]> = {
  "": ["Now", ""],
  "/events": ["Events", "/events?type=chat_ended"],
  "/events/:id": ["Event", "/events/{event}"],
  "/chats": ["Chats", "/chats"],
  "/chats/:id": ["Chat", "/chats/LOOK1"],
  "/tickets": ["Tickets", "/tickets?status=open"],
  "/tickets/:id": ["Ticket", "/tickets/{ticket}"],
  "/subscriptions": ["Subscriptions", "/subscriptions"],
  "/subscriptions/:id": ["Subscription", "/subscriptions/{subscription}"],
  "/reconciliation": ["Reconciliation", "/reconciliation"],
  "/quarantine": ["Quarantine", "/quarantine"],
  "/health": ["Health", "/health"],
  default: ["No such page", "/nowhere"],
};
