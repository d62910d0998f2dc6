import { hashed } from "../storage/keys.ts";

/** A visitor or requester, identified only by an email address. */
export type Person = {
  /** The address in the form of {@link toAddress}. */
  email: string;
  /** The hash of the address, for columns and keys. */
  key: string;
};

export function toPerson(email: string): Person {
  const address = toAddress(email);
  return { email: address, key: hashed(["person", address]) };
}

/**
 * The form of an address in comparisons: lower case, without `mailto:`, a display name or angle brackets. Apart from
 * that an address is opaque text, because LiveChat accepts addresses that break every grammar.
 */
export function toAddress(text: string): string {
  const bracketed = /<([^<>]*)>\s*$/.exec(text)?.[1] ?? text;
  return bracketed
    .trim()
    .toLowerCase()
    .replace(/^mailto:/, "");
}

/** Returns true if the whole text is an address: one `@` with characters on both sides, and no blanks. */
export function isAddress(text: string): boolean {
  return /^[^\s@]+@[^\s@]+$/.test(text);
}
