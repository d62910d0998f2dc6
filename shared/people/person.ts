import { hashed } from "../storage/keys.ts";

/** A visitor or requester. All that identifies the person is an email address. */
export type Person = {
  /** As {@link toAddress} gives it. */
  email: string;
  /** Stands for the address in columns and keys. */
  key: string;
};

export function toPerson(email: string): Person {
  const address = toAddress(email);
  return { email: address, key: hashed(["person", address]) };
}

/**
 * An address in the one spelling that addresses are compared in: lower case, without `mailto:`, a name before it or
 * angle brackets around it. Otherwise an address is opaque text: LiveChat takes ones that no grammar does.
 */
export function toAddress(text: string): string {
  const bracketed = /<([^<>]*)>\s*$/.exec(text)?.[1] ?? text;
  return bracketed
    .trim()
    .toLowerCase()
    .replace(/^mailto:/, "");
}

/** Whether a text can be nothing but an address: one `@` with something on both sides, and no blanks. */
export function isAddress(text: string): boolean {
  return /^[^\s@]+@[^\s@]+$/.test(text);
}
