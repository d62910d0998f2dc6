import { SettingsError } from "../core/settings.ts";
import { checkAddress } from "./check-address.ts";
import { checkDeliveries } from "./check-deliveries.ts";
import { checksOfLiveChat } from "./check-livechat.ts";
import { checkQuarantine } from "./check-quarantine.ts";
import { checkTicketReconciliation, checkTickets } from "./check-reconciliation.ts";
import { checkRefusals } from "./check-refusals.ts";
import { checkSettings } from "./check-settings.ts";
import { checkQueue, checkStorage } from "./check-storage.ts";
import { checkSubscriptions } from "./check-subscriptions.ts";
import { checksOfText } from "./check-text.ts";
import type { Examined, ExaminedText, Memory } from "./examined.ts";
import type { Check } from "./monitor.ts";

/** All checks of the app. A check comes after the one that it needs. */
export function checksOf(app: Examined, memory: Memory): Check[] {
  const text = textOf(app);
  return [
    checkSettings(app),
    checkStorage(app),
    checkQueue(app),
    ...(text ? checksOfText(app, text, memory) : checksOfLiveChat(app, memory)),
    checkTickets(app),
    checkAddress(app),
    checkRefusals(app),
    ...checkDeliveries(app, memory),
    checkTicketReconciliation(app, memory),
    checkSubscriptions(app, memory),
    checkQuarantine(app),
  ];
}

/** Also absent while a setting is missing or wrong: the checks of LiveChat cannot run then. */
function textOf(app: Examined): ExaminedText | undefined {
  try {
    return app.text;
  } catch (error) {
    if (error instanceof SettingsError) return undefined;
    throw error;
  }
}
