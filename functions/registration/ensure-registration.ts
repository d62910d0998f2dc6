import { describeStanding } from "../../shared/registration/describe.ts";
import { ensureRegistration } from "../../shared/registration/ensure.ts";
import { EnsuredRegistrations } from "../../shared/schemas/registration.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { registrationOf } from "./registration.ts";

export const ensureRegistrationNow = operation({
  id: "EnsureRegistration",
  summary: "Ensure registration",
  description:
    "Makes LiveChat's three webhooks lead to this app exactly once each, as the timer does: registers what is missing and removes what is stale or double of ours. Webhooks of others are not touched.",
  tag: "Registration",
  method: "POST",
  route: "registration",
  access: "key",
  writes: "LiveChat",
  input: {},
  output: { status: 200, description: "How they stand now.", schema: EnsuredRegistrations },
  errors: liveChatErrors,
  run: async (_, services) => {
    const { standings, ...counts } = await ensureRegistration(...registrationOf(services));
    await services.monitor.lookAgain();
    return { body: { registrations: standings.map(describeStanding), ...counts } };
  },
});
