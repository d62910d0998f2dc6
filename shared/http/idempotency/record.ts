import { createHmac } from "node:crypto";
import { toCanonicalJson } from "../../core/json.ts";
import { DAY, toIso } from "../../core/time.ts";

/** Milliseconds for which a key is remembered. */
export const KEY_LIFETIME = DAY;
/** The longest time that an attempt may take, in milliseconds. */
export const LONGEST_ATTEMPT = 20_000;
/**
 * An attempt with unknown outcome can still take effect upstream for this many milliseconds. The next attempt waits for
 * that time.
 */
export const SETTLING_TIME = 10_000;

/** The record of a key. Times are ISO 8601. */
export type KeyRecord = {
  /** A digest of the request's content; see {@link fingerprintOf}. */
  fingerprint: string;
  /** When the first attempt began. */
  began: string;
  /** `open`: no attempt is in progress, and no attempt has led to an answer. */
  state: "running" | "open" | "done";
  /** True if an attempt whose answer was lost may have taken effect. */
  unsure: boolean;
  /** The last attempt may still take effect until this time, so no other attempt acts before it. */
  until: string;
};

type Decision<Known> =
  | { do: "begin"; since: string; unsure: boolean; notBefore: string }
  | { do: "answer"; record: Known }
  | { do: "refuse" }
  | { do: "wait"; seconds: number };

/** Decides what to do with a request from the record of its key. `now` is in milliseconds since the epoch. */
export function decideOnRecord<Known extends KeyRecord>(
  record: Known | undefined,
  fingerprint: string,
  now: number,
): Decision<Known> {
  const clock = toIso(now);
  if (!record || Date.parse(record.began) + KEY_LIFETIME <= now) {
    return { do: "begin", since: clock, unsure: false, notBefore: clock };
  }
  if (record.fingerprint !== fingerprint) return { do: "refuse" };
  if (record.state === "done") return { do: "answer", record };
  const { began: since, until: notBefore } = record;
  if (record.state === "running") {
    if (notBefore > clock) return { do: "wait", seconds: secondsUntil(notBefore, now) };
    // The attempt's process died, or could not store the result.
    return { do: "begin", since, unsure: true, notBefore };
  }
  return { do: "begin", since, unsure: record.unsure, notBefore };
}

export function secondsUntil(moment: string, now: number): number {
  return Math.max(1, Math.ceil((Date.parse(moment) - now) / 1000));
}

/**
 * A digest that is equal for equal content. The request's key is the secret of the digest, and only a hash of the key
 * is stored. So a password in the content cannot be guessed from the record.
 */
export function fingerprintOf(body: unknown, key: string): string {
  return createHmac("sha256", key).update(toCanonicalJson(body)).digest("hex");
}
