import { hash } from "node:crypto";

/**
 * Stands for an external name, which may have any length and characters that keys cannot have: `length` hexadecimal
 * digits of a SHA-256. JSON tells even two halves of a surrogate pair apart, which UTF-8 does not.
 */
export function hashed(value: string | readonly unknown[], length = 32): string {
  return hash("sha256", JSON.stringify(value)).slice(0, length);
}

/** A whole number as a key that sorts like it: 16 digits hold every safe integer. */
export function ordered(value: number): string {
  return String(value).padStart(16, "0");
}

/** The key behind all that start with `prefix`. */
export function after(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
