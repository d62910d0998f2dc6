import type * as v from "valibot";
import { TEXT_API_VERSION } from "../../schemas/from-text-chat.ts";
import type { Effect } from "../effect.ts";
import type { CallOptions, Send } from "../send.ts";
import { Misdirected } from "./refusal.ts";

/** An action of the Text platform's web APIs. */
export type Action<Answer extends v.GenericSchema> = {
  api: "agent" | "configuration";
  name: string;
  /** What the token must have been given. */
  scopes: readonly string[];
  effect: Effect;
  answer: Answer;
};

export type Act = <Answer extends v.GenericSchema>(
  action: Action<Answer>,
  input: Record<string, unknown>,
  call?: CallOptions,
) => Promise<v.InferOutput<Answer>>;

/** The region that LiveChat asked for last; sent with every call from then on. */
export type Region = { current?: string };

/** Makes the function that carries out actions: each is a POST, and is repeated once in the region that LiveChat names. */
export function createAct(send: Send, region: Region): Act {
  return async ({ api, name, effect, answer, scopes }, input, call) => {
    const path = `v${TEXT_API_VERSION}/${api}/action/${name}`;
    const needs = { action: name, scopes };
    const request = {
      method: "POST",
      effect,
      to: { path, route: path },
      needs,
      json: input,
      answer,
    } as const;
    const go = async () => send(request, call);
    // Another call may learn the region while this one is under way: it is repeated all the same.
    const asked = region.current;
    return go().catch((error) => {
      if (!(error instanceof Misdirected) || error.region === asked) throw error;
      region.current = error.region;
      return go();
    });
  };
}
