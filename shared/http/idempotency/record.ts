import { createHmac } from "node:crypto";
import { toCanonicalJson } from "../../core/canonical-json.ts";

/** How long a key is remembered, in milliseconds. */
export const REMEMBERED = 24 * 60 * 60_000;
/** The most that an attempt may take, in milliseconds. */
export const LONGEST_ATTEMPT = 20_000;
/**
 * How long after an attempt of unknown outcome something may still come into being upstream, in milliseconds: nothing is
 * made again before that.
 */
export const SETTLING = 10_000;

/** What is remembered of a key. Times are ISO 8601. */
export type Kept = {
  /** Of the body; see {@link fingerprintOf}. */
  fingerprint: string;
  /** When the first attempt began. */
  began: string;
  /** `open`: no attempt is under way, and none has led to an answer. */
  state: "running" | "open" | "done";
  /** Whether some attempt may have done it without anybody learning of it. */
  unsure: boolean;
  /** `running`: when the attempt must have ended, whatever became of it. `unsure`: nothing is made before then. */
  until: string;
};

export type Decision =
  | { do: "begin"; since: string; unsure: boolean; notBefore: string }
  | { do: "answer" }
  | { do: "refuse" }
  | { do: "wait"; seconds: number };

/** What is to be done about a request, by what is remembered of its key. `now` is in milliseconds since the epoch. */
export function decide(record: Kept | undefined, fingerprint: string, now: number): Decision {
  const clock = new Date(now).toISOString();
  if (!record || Date.parse(record.began) + REMEMBERED <= now) {
    return { do: "begin", since: clock, unsure: false, notBefore: clock };
  }
  if (record.fingerprint !== fingerprint) return { do: "refuse" };
  if (record.state === "done") return { do: "answer" };
  const { began: since, until: notBefore } = record;
  if (record.state === "running") {
    if (notBefore > clock) return { do: "wait", seconds: secondsUntil(notBefore, now) };
    // Whoever was at it died, or could not write down what became of it.
    return { do: "begin", since, unsure: true, notBefore };
  }
  return { do: "begin", since, unsure: record.unsure, notBefore };
}

export function secondsUntil(moment: string, now: number): number {
  return Math.max(1, Math.ceil((Date.parse(moment) - now) / 1000));
}

/**
 * What tells one body from another. The key of the request, of which only a hash is stored, is the key of this digest
 * too: a password in the body cannot be guessed from what is stored.
 */
export function fingerprintOf(body: unknown, key: string): string {
  return createHmac("sha256", key).update(toCanonicalJson(body)).digest("hex");
}
