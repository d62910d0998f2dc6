import story from "./examples.json" with { type: "json" };

const { ticket, subscription, failedAttempt } = story;
const { license_id, lc_version } = story.chatStarted;

/**
 * The examples of the published definitions. Together they tell one story: Vera asks in a chat, Sam answers and creates
 * a ticket, Nora joins the team. Each can be sent unchanged. The ids of events are the ones that the app derives from
 * these deliveries.
 */
export const examples = {
  ...story,
  ticketCreated: { event_type: "ticket_created", license_id, lc_version, ticket },
  chatStartedEvent: { ...story.chatStartedEvent, payload: story.chatStarted },
  chatEndedEvent: { ...story.chatEndedEvent, payload: story.chatEnded },
  listedChat: { ...story.listedChat, payload: story.chatStarted },
  /** The delivery of a chat without an id. */
  quarantined: { ...story.listedQuarantined, raw: story.misfit },
  subscriptionInDetail: { ...subscription, attempts: [failedAttempt], parked: story.parked },
};
