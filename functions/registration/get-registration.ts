import { describeStanding } from "../../shared/registration/describe.ts";
import { inspectAll } from "../../shared/registration/webhook-services.ts";
import { Registrations } from "../../shared/schemas/registration.ts";
import { liveChatErrors, storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { registrationOf, remember } from "./registration.ts";

export const getRegistration = operation({
  id: "GetRegistration",
  description:
    "Lists the webhooks that this app needs in LiveChat, each with its state and its last delivery.",
  tag: "Registration",
  method: "GET",
  route: "registration",
  input: {},
  output: { status: 200, description: "The webhooks.", schema: Registrations },
  errors: [...liveChatErrors, ...storageErrors],
  run: async (_, services) => {
    const [standings, { lastReceived }] = await Promise.all([
      inspectAll(registrationOf(services)),
      services.eventLog.head(),
    ]);
    await remember(services, standings);
    const registrations = standings.map((standing) => ({
      ...describeStanding(standing),
      lastDelivery: lastReceived[standing.wanted.event_type],
    }));
    return { body: { registrations } };
  },
});
