import type { AppError } from "../../core/errors.ts";
import type { Refused } from "../failure.ts";
import { refusalByStatus } from "../refusal.ts";
import { noHelpDesk } from "./no-helpdesk.ts";

/** Answers of an account without a licence. Which of them HelpDesk gives is not documented. */
const WITHOUT_LICENCE = [401, 402, 403];

/** HelpDesk says no by status. The same token has been let in by LiveChat, so a refusal is about HelpDesk. */
export function refusalOfHelpDesk(refused: Refused): AppError {
  return WITHOUT_LICENCE.includes(refused.status) ? noHelpDesk("refused") : refusalByStatus(refused);
}
