import { hash } from "node:crypto";

/**
 * Makes a key from a name of any length and with any characters: `length` hexadecimal digits of a SHA-256. The name is
 * hashed as JSON, because UTF-8 has the same bytes for every half of a surrogate pair.
 */
export function hashed(value: string | readonly unknown[], length = 32): string {
  return hash("sha256", JSON.stringify(value)).slice(0, length);
}

/** A whole number as a key of 16 digits. Every safe integer fits. The keys sort like their numbers. */
export function ordered(value: number): string {
  return String(value).padStart(16, "0");
}

/** The range of all keys that start with `prefix`. */
export function withPrefix(prefix: string) {
  return { from: prefix, before: endOf(prefix) };
}

/** The end of the range of all keys that start with `prefix`: the first key after them. */
export function endOf(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
