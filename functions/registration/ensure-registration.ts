import { describeStanding } from "../../shared/registration/describe.ts";
import { EnsuredRegistrations } from "../../shared/schemas/registration.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { ensureOurs } from "./registration.ts";

export const ensureRegistrationNow = operation({
  id: "EnsureRegistration",
  description:
    "Registers each webhook of this app exactly once, as the timer does: creates missing webhooks, and removes outdated and duplicate webhooks of this app. Other webhooks of the account are not changed.",
  tag: "Registration",
  method: "POST",
  route: "registration",
  writes: "LiveChat",
  input: {},
  output: { status: 200, description: "The webhooks after the call.", schema: EnsuredRegistrations },
  errors: liveChatErrors,
  run: async (_, services) => {
    const { standings, ...counts } = await ensureOurs(services);
    await services.monitor.lookAgain();
    return { body: { registrations: standings.map(describeStanding), ...counts } };
  },
});
