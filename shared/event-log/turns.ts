import type { Head } from "./head.ts";

/**
 * Instances that write at the same time take turns. Without turns, all would prepare a transaction for the same place
 * in the log, and all but one in vain. The fastest would win every time, because it already knows the head.
 *
 * An instance that cannot append puts down a row beside the head. Each append names in the head the next of those that
 * wait, in the order of their ids and around again: so each waits for one turn of every other. It is only a courtesy;
 * the ETag of the head is what keeps the log in order.
 */
export type KnownHead = { head: Head; waiting: readonly string[] };

/** The next waiting instance after `instance`, if there is one. */
export function nextTurn(waiting: readonly string[], instance: string): string | undefined {
  const others = waiting.filter((other) => other !== instance).sort();
  return others.find((other) => other > instance) ?? others[0];
}

/** How many turns pass before it is this instance's; 0 when it may append now. */
export function turnsUntil({ head, waiting }: KnownHead, instance: string): number {
  if (head.turn === undefined || head.turn === instance) return 0;
  const ring = [...new Set([...waiting, instance, head.turn])].sort();
  return (ring.indexOf(instance) - ring.indexOf(head.turn) + ring.length) % ring.length;
}
