import { NotFound } from "../../core/errors.ts";

/** The chat was anonymized: LiveChat has its content no longer. */
export class ChatAnonymized extends NotFound {}
