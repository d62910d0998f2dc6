import * as v from "valibot";
import { AppError } from "../../core/errors.ts";
import { isSameText } from "../../core/text.ts";
import { MINUTE } from "../../core/time.ts";
import { readable } from "../../schemas/readable.ts";
import { maybe, text } from "../../schemas/vocabulary.ts";
import { path } from "../call.ts";
import type { CallOptions, Send } from "../send.ts";
import { shareLoad } from "../shared-load.ts";
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

/** Lists are kept for this time, in milliseconds. */
const FRESH_FOR = 10 * MINUTE;
/** In milliseconds: a list that is older than this is read again for a missing entry, because the entry may be new. */
const FRESH_WITHOUT_ENTRY_FOR = MINUTE;

export type Lookups = ReturnType<typeof createLookups>;

/** Looks up agents, teams and tags in HelpDesk's lists, and keeps the lists for a while. */
export function createLookups(send: Send) {
  const listOf = (kind: Kind) =>
    shareLoad((call) => send({ method: "GET", to: path`${kind}`, answer: readable(Entry) }, call), FRESH_FOR);
  const lists = { agents: listOf("agents"), teams: listOf("teams"), tags: listOf("tags") };

  async function find(
    kind: Kind,
    matches: (entry: Entry) => boolean,
    call?: CallOptions,
  ): Promise<Entry | undefined> {
    const list = lists[kind];
    const entry = (await list.get(call)).find(matches);
    return entry ?? (await list.get(call, FRESH_WITHOUT_ENTRY_FOR)).find(matches);
  }

  async function names(call?: CallOptions, youngerThan?: number): Promise<Names> {
    const read = async (kind: Kind) => {
      const entries = await lists[kind].get(call, youngerThan).catch((error): Entry[] => {
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
     * The names in HelpDesk's tickets. When a list cannot be read, an operator's call gets ids in place of its names. A
     * background call stores the tickets, so it fails, unless HelpDesk refuses the list.
     *
     * @throws the error of a list, in a background call that can be repeated
     */
    async namesFor(tickets: readonly unknown[], call?: CallOptions): Promise<Names> {
      const kept = await names(call);
      return tickets.some((ticket) => lacksNames(ticket, kept)) ? names(call, FRESH_WITHOUT_ENTRY_FOR) : kept;
    },
    /** @param login an email address, or HelpDesk's id */
    agent: (login: string, call?: CallOptions) =>
      find("agents", ({ ID, email }) => ID === login || isSameText(email, login), call),
    tag: (name: string, call?: CallOptions) => find("tags", (tag) => isSameText(tag.name, name), call),
    /** The next lookup reads the tags again. */
    forgetTags: lists.tags.forget,
  };
}
