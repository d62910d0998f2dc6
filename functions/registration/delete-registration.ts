import { removeAll } from "../../shared/registration/webhook-services.ts";
import { RemovedRegistrations } from "../../shared/schemas/registration.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { registrationOf } from "./registration.ts";

export const deleteRegistration = operation({
  id: "DeleteRegistration",
  description:
    "Removes this app's webhooks from LiveChat; call it before you delete the app. Other webhooks of the account are not changed. While WEBHOOK_BASE_URL is set, the timer registers them again within 15 minutes.",
  tag: "Registration",
  method: "DELETE",
  route: "registration",
  writes: "LiveChat",
  input: {},
  output: { status: 200, description: "The webhooks are removed.", schema: RemovedRegistrations },
  errors: liveChatErrors,
  run: async (_, services) => {
    const removed = await removeAll(registrationOf(services));
    await services.monitor.lookAgain();
    return { body: { removed } };
  },
});
