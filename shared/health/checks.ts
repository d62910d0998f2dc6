import { checkAddress } from "./check-address.ts";
import { checkDeliveries, checkQuarantine, checkReconciliation, checkRefusals } from "./check-events.ts";
import { checksOfLiveChat } from "./check-livechat.ts";
import { checkSettings } from "./check-settings.ts";
import { checkStorage } from "./check-storage.ts";
import { checkSubscriptions } from "./check-subscriptions.ts";
import type { Examined, Memory } from "./examined.ts";
import type { Check } from "./monitor.ts";

/** Everything that can be wrong with the app. A check stands behind the one that it needs. */
export function checksOf(app: Examined, memory: Memory): Check[] {
  return [
    checkSettings(app),
    checkStorage(app),
    ...checksOfLiveChat(app, memory),
    checkAddress(app),
    checkRefusals(app),
    ...checkDeliveries(app, memory),
    checkReconciliation(app, memory),
    checkSubscriptions(app, memory),
    checkQuarantine(app),
  ];
}
