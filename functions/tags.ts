/** The headings of the reference, each with what its operations are about. */
export const tags: Readonly<Record<string, string>> = {
  Agents: "The agents of your LiveChat account.",
  Tickets: "The tickets of your LiveChat account, read and changed in LiveChat itself.",
  Receivers: "LiveChat's webhooks call these.",
  Events: "The event log: everything that LiveChat's webhooks reported, once and in one order.",
  People: "The conversations of one person: search and erasure.",
  Quarantine: "Deliveries that the app could not read.",
  Subscriptions: "Callbacks that receive events.",
  "Stored tickets": "The app's own copy of the account's tickets.",
  Reconciliation: "Brings the stored tickets up to date and finds events that no webhook reported.",
  Registration: "The app's webhooks at LiveChat.",
  Operation: "The health of the app.",
  Reference: "This description of the app.",
  Console: "The page for people, and its files.",
};
