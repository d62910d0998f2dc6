import { examples } from "../../shared/schemas/examples.ts";
import { Erasure } from "../../shared/schemas/people.ts";
import { described, exact, filled } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const eraseVisitor = operation({
  id: "EraseVisitor",
  summary: "Erase a person, by path",
  description:
    "Does the same as EraseByBody. The address is part of the URL, which the host keeps in its telemetry: prefer POST /erasures.",
  tag: "People",
  method: "DELETE",
  route: "visitors/{email}",
  input: {
    path: exact({
      email: described(filled, "Email address of the person.", examples.chatEnded.visitor.email),
    }),
  },
  output: { status: 200, description: "How much was erased.", schema: Erasure },
  errors: storageErrors,
  run: async ({ path: { email } }, { people }) => ({ body: await people.erase(email) }),
});
