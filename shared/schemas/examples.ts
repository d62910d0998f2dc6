import story from "./examples.json" with { type: "json" };

const { ticket, subscription, failedAttempt } = story;
const { license_id, lc_version } = story.chatStarted;

/**
 * The examples of the published definitions. Together they tell one story: Vera asks in a chat, Sam answers and creates a ticket,
 * Nora joins the team. Each can be sent unchanged. The ids of events are the ones that the app derives from these deliveries.
 */
export const examples = {
  ...story,
  ticketCreated: { event_type: "ticket_created", license_id, lc_version, ticket },
  chatStartedEvent: { ...story.chatStartedEvent, payload: story.chatStarted },
  chatEndedEvent: { ...story.chatEndedEvent, payload: story.chatEnded },
  /** The delivery of a chat without an id. */
  quarantined: { ...story.listedQuarantined, raw: story.misfit },
  subscriptionInDetail: { ...subscription, attempts: [failedAttempt], parked: story.parked },
  attempts: {
    items: [
      {
        subscription: story.hookId,
        callback: subscription.callback,
        ...failedAttempt,
        excerpt: story.excerpt,
      },
    ],
  },
  sendAgain: { id: story.eventId },
  sentAgain: {
    attempts: [{ delivered: true, ...failedAttempt, at: "2026-01-15T09:52:00.000Z", status: 202 }],
    left: 0,
  },
};
