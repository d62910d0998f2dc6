import { removeRegistration } from "../../shared/registration/ensure.ts";
import { RemovedRegistrations } from "../../shared/schemas/registration.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { registrationOf } from "./registration.ts";

export const deleteRegistration = operation({
  id: "DeleteRegistration",
  summary: "Delete registration",
  description:
    "Takes this app's webhooks out of LiveChat, before the app itself is taken away. Webhooks of others are not touched. While WEBHOOK_BASE_URL is set, the timer registers them again within a quarter of an hour.",
  tag: "Registration",
  method: "DELETE",
  route: "registration",
  access: "key",
  writes: "LiveChat",
  input: {},
  output: { status: 200, description: "They are gone.", schema: RemovedRegistrations },
  errors: liveChatErrors,
  run: async (_, services) => {
    const body = await removeRegistration(...registrationOf(services));
    await services.monitor.lookAgain();
    return { body };
  },
});
