import { NoHelpDesk } from "../../core/errors.ts";

/** @param reason `off`: the settings say so; `refused`: HelpDesk does not take the token */
export function noHelpDesk(reason: "off" | "refused"): NoHelpDesk {
  return new NoHelpDesk(
    reason === "off"
      ? "HELPDESK is off: this account has no HelpDesk, where the Text platform keeps tickets."
      : "HelpDesk refuses this app's token: the account has no HelpDesk licence, or the token lacks the scope accounts--my:ro. Without HelpDesk, set HELPDESK to off.",
  );
}
