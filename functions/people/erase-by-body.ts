import { Erasure, PersonInput } from "../../shared/schemas/people.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const eraseByBody = operation({
  id: "EraseByBody",
  summary: "Erase a person",
  description:
    "Erases all stored data of the visitor or requester with this email address, in every place of docs/privacy.md. If done is false, repeat the call to continue.",
  tag: "People",
  method: "POST",
  route: "erasures",
  input: { body: PersonInput },
  output: { status: 200, description: "How much was erased.", schema: Erasure },
  errors: storageErrors,
  run: async ({ body: { email } }, { people }) => ({ body: await people.erase(email) }),
});
