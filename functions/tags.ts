/** The headings of the reference, each with its description. */
export const tags: Readonly<Record<string, string>> = {
  Agents: "The agents of your LiveChat account.",
  Tickets: "The tickets of your LiveChat account, read and changed in LiveChat itself.",
  Receivers: "The endpoints that the webhooks of LiveChat and HelpDesk call.",
  Events: "The event log: every chat and ticket event, once and in one order.",
  People: "Search and erasure of all stored data of one person.",
  Quarantine: "Deliveries that the app could not read.",
  Subscriptions: "Callback URLs that receive events.",
  "Stored tickets": "The app's own copy of the account's tickets.",
  Reconciliation: "Brings the stored tickets up to date and finds events that no webhook reported.",
  Registration: "The app's webhooks in LiveChat.",
  Operation: "The health of the app.",
  Reference: "The documentation of all operations.",
  Console: "The console: a page for browsers, and its files.",
};
