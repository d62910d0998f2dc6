import { SearchInput, SearchLines } from "../../shared/schemas/people.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

/**
 * Bytes in one answer. Azure Functions keeps a whole answer in memory, so a longer result continues in the next
 * answer.
 */
const ANSWER_BYTES = 16 * 1024 * 1024;

export const searchVisitor = operation({
  id: "SearchVisitor",
  summary: "Search for a person",
  description:
    "Returns all stored data of the visitor or requester with this email address, one JSON object a line: {place, item}. An item with undecided: true may belong to another person. The last line is {next, done}; if done is false, send next as after in the next call.",
  tag: "People",
  method: "POST",
  route: "visitors/search",
  writes: "nothing",
  input: { body: SearchInput },
  output: {
    status: 200,
    description: "One stored item a line, and a last line with next and done.",
    schema: SearchLines,
    type: "application/x-ndjson",
  },
  errors: storageErrors,
  run: async ({ body: { email, after } }, { people }) => {
    const { found, next } = await people.search(email, { after, maxBytes: ANSWER_BYTES });
    const lines = [...found, { next, done: next === null }];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    return { text, headers: { "content-type": "application/x-ndjson" } };
  },
});
