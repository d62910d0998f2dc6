import * as v from "valibot";
import { isSameText } from "../../core/compare.ts";
import { AppError } from "../../core/errors.ts";
import { MINUTE } from "../../core/time.ts";
import { readable } from "../../schemas/readable.ts";
import { maybe, text } from "../../schemas/vocabulary.ts";
import { at } from "../call.ts";
import type { CallOptions, Send } from "../send.ts";
import { lacksNames, type Names } from "./from-helpdesk.ts";

/** An agent, team or tag. Only agents have an email and teams. Some agents have no name. */
const Entry = v.looseObject({
  ID: text,
  name: maybe(text),
  email: maybe(text),
  teamIDs: v.optional(v.nullable(v.array(text))),
});
type Entry = v.InferOutput<typeof Entry>;
type Kind = "agents" | "teams" | "tags";

/** A list is kept for this time, in milliseconds. */
const FRESH_FOR = 10 * MINUTE;
/** An entry that is missing may be new. So a list without it is kept only for this time, in milliseconds. */
const FRESH_WITHOUT_ENTRY_FOR = MINUTE;

export type Lookups = ReturnType<typeof createLookups>;

/** Looks up agents, teams and tags in HelpDesk's lists, and keeps the lists for a while. */
export function createLookups(send: Send) {
  const lists = new Map<Kind, { at: number; answer: Promise<Entry[]> }>();

  function list(kind: Kind, freshFor: number, call?: CallOptions): Promise<Entry[]> {
    const kept = lists.get(kind);
    if (kept && Date.now() - kept.at < freshFor) return kept.answer;
    const answer = send({ method: "GET", to: at`${kind}`, answer: readable(Entry) }, call);
    const read = { at: Date.now(), answer };
    lists.set(kind, read);
    answer.catch(() => {
      if (lists.get(kind) === read) lists.delete(kind);
    });
    return answer;
  }

  async function find(
    kind: Kind,
    matches: (entry: Entry) => boolean,
    call?: CallOptions,
  ): Promise<Entry | undefined> {
    const entry = (await list(kind, FRESH_FOR, call)).find(matches);
    return entry ?? (await list(kind, FRESH_WITHOUT_ENTRY_FOR, call)).find(matches);
  }

  async function names(freshFor: number, call?: CallOptions): Promise<Names> {
    const read = async (kind: Kind) => {
      const entries = await list(kind, freshFor, call).catch((error): Entry[] => {
        const isRefused = error instanceof AppError && !error.retryable;
        if (call?.priority === "background" && !isRefused) throw error;
        return [];
      });
      return new Map(entries.map((entry) => [entry.ID, entry]));
    };
    const [agents, teams, tags] = await Promise.all([read("agents"), read("teams"), read("tags")]);
    return { agents, teams, tags };
  }

  return {
    /**
     * The names in HelpDesk's tickets. When a list cannot be read, the tickets show ids instead of its names. A background
     * call stores the tickets, so it fails instead, unless HelpDesk refuses the list.
     *
     * @throws the error of a list, in a background call that can be repeated
     */
    async namesFor(tickets: readonly unknown[], call?: CallOptions): Promise<Names> {
      const kept = await names(FRESH_FOR, call);
      return tickets.some((ticket) => lacksNames(ticket, kept)) ? names(FRESH_WITHOUT_ENTRY_FOR, call) : kept;
    },
    /** @param login an email address, or HelpDesk's id */
    agent: (login: string, call?: CallOptions) =>
      find("agents", ({ ID, email }) => ID === login || isSameText(email, login), call),
    tag: (name: string, call?: CallOptions) => find("tags", (tag) => isSameText(tag.name, name), call),
    /** The next lookup reads the tags again. */
    forgetTags(): void {
      lists.delete("tags");
    },
  };
}
