import { InvalidInput } from "../core/errors.ts";

/** @throws {InvalidInput} */
export function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw InvalidInput.at("", "The body is not UTF-8.");
  }
}

/** @throws {InvalidInput} */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw InvalidInput.at("", "The body is not valid JSON.");
  }
}
