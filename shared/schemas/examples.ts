import story from "./examples.json" with { type: "json" };

const { ticket, subscription, failedAttempt } = story;
const { license_id, lc_version } = story.chatStarted;

/**
 * The examples of the published definitions tell one story, and each can be sent unchanged: Vera asks in a chat, Sam
 * answers and makes a ticket of it, Nora joins the team. Ids of events are made of what they are about, so these are the
 * ones that the deliveries get.
 */
export const examples = {
  ...story,
  ticketCreated: { event_type: "ticket_created", license_id, lc_version, ticket },
  chatStartedEvent: { ...story.chatStartedEvent, payload: story.chatStarted },
  chatEndedEvent: { ...story.chatEndedEvent, payload: story.chatEnded },
  /** A chat without an id: authenticated, and of no use as an event. */
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
