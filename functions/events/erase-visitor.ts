import { Erasure } from "../../shared/schemas/event.ts";
import { chatEnded } from "../../shared/schemas/examples.ts";
import { email, exact, named } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const eraseVisitor = operation({
  id: "EraseVisitor",
  summary: "Erase a person",
  description:
    "Erases what the log says of the chats and tickets of a person. It reads the whole log once; when that takes too long, the same call goes on where this one stopped.",
  tag: "Events",
  method: "DELETE",
  route: "visitors/{email}",
  access: "key",
  input: {
    path: exact({
      email: named(email, "Email", "Email address of the person.", chatEnded.visitor.email),
    }),
  },
  output: { status: 200, description: "How much was erased.", schema: Erasure },
  errors: storageErrors,
  run: async ({ path: { email } }, { eventLog }) => ({ body: await eventLog.erasePerson(email) }),
});
