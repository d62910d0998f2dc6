import * as v from "valibot";
import { isSameText } from "../../core/compare.ts";
import { AppError } from "../../core/errors.ts";
import { MINUTE } from "../../core/time.ts";
import { readable } from "../../schemas/readable.ts";
import { maybe, text } from "../../schemas/vocabulary.ts";
import { at } from "../call.ts";
import type { CallOptions, Send } from "../send.ts";
import { lacksNames, type Names } from "./from-helpdesk.ts";

/** An agent, team or tag. Only agents have an email and teams, and some agents have no name. */
const Entry = v.looseObject({
  ID: text,
  name: maybe(text),
  email: maybe(text),
  teamIDs: v.optional(v.nullable(v.array(text))),
});
type Entry = v.InferOutput<typeof Entry>;
type Kind = "agents" | "teams" | "tags";

/** For so long a list is not read again; and so long, when it lacks what is looked for. In milliseconds. */
const FRESH_FOR = 10 * MINUTE;
const MISSING_FOR = MINUTE;

export type Lookups = ReturnType<typeof createLookups>;

/** Looks up agents, teams and tags, which tickets name by ids, and keeps the lists for a while. */
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
    isIt: (entry: Entry) => boolean,
    call?: CallOptions,
  ): Promise<Entry | undefined> {
    const entry = (await list(kind, FRESH_FOR, call)).find(isIt);
    // It may be new.
    return entry ?? (await list(kind, MISSING_FOR, call)).find(isIt);
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
     * Names for tickets as HelpDesk gives them. A list that cannot be read is left out: tickets then show ids. Work in
     * the background keeps what it reads, so there only a refusal leaves a list out.
     *
     * @throws what a list failed with, for a call in the background that can be repeated
     */
    async namesFor(tickets: readonly unknown[], call?: CallOptions): Promise<Names> {
      const kept = await names(FRESH_FOR, call);
      // What is missing may be new.
      return tickets.some((ticket) => lacksNames(ticket, kept)) ? names(MISSING_FOR, call) : kept;
    },
    /** @param login an email address, or HelpDesk's id */
    agent: (login: string, call?: CallOptions) =>
      find("agents", ({ ID, email }) => ID === login || isSameText(email, login), call),
    tag: (name: string, call?: CallOptions) => find("tags", (tag) => isSameText(tag.name, name), call),
    /** Has the tags read anew by the next look. */
    forgetTags(): void {
      lists.delete("tags");
    },
  };
}
