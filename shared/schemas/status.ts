import * as v from "valibot";
import { examples } from "./examples.ts";
import { described, moment, shape } from "./vocabulary.ts";

const CHECK_STATES = ["ok", "attention", "bad", "unknown"] as const;
export type CheckState = (typeof CHECK_STATES)[number];

const checkResult = v.object({
  name: described(v.string(), "Name of the check."),
  state: described(
    v.picklist(CHECK_STATES),
    "ok: no fault. attention: an operator should look. bad: does not work. unknown: not checked, because a check before it failed.",
  ),
  since: described(moment, "When the check first had this state."),
  detail: described(v.string(), "The result of the check, in a sentence."),
  action: described(v.string(), "The next thing to do."),
});
export type CheckResult = v.InferOutput<typeof checkResult>;

/** The answer of `GET /status`: the checks and the settings of the app. */
export const Status = shape(
  "Status",
  v.object({
    status: described(v.picklist(CHECK_STATES), "The worst state of the checks."),
    version: described(v.string(), "The version of this app."),
    commit: described(v.string(), "The commit that the app was built from, or unknown."),
    checks: described(v.array(checkResult), "The checks; causes come before their effects."),
    settings: described(
      v.array(
        v.object({
          name: described(v.string(), "Name of the setting."),
          set: described(v.boolean(), "True if the setting has a value. Otherwise the app uses its default."),
        }),
      ),
      "Every setting of the app, without values.",
    ),
  }),
  examples.status,
);
