import { examples } from "../../shared/schemas/examples.ts";
import { Erasure } from "../../shared/schemas/people.ts";
import { described, exact, filled } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const eraseVisitor = operation({
  id: "EraseVisitor",
  summary: "Erase a person, by path",
  description:
    "Erases all stored data of one person, as POST /erasures does. The URL contains the email address, and the host records URLs in its telemetry: prefer POST /erasures.",
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
