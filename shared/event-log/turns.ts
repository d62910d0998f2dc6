import type { Head } from "./head.ts";

/**
 * Instances that append at the same time take turns. Without turns, all of them would prepare a transaction for the
 * same place in the log, and only one would succeed. The fastest instance would succeed every time, because it
 * already knows the head.
 *
 * An instance that loses writes a row beside the head. Each append writes the next waiting instance into the head, in
 * the order of their ids and round again. So an instance waits for at most one turn of every other. Turns only make
 * waiting fair: the ETag of the head keeps the log in order.
 */
export type KnownHead = { head: Head; waiting: readonly string[] };

/** The next waiting instance after `instance`, if there is one. */
export function nextTurn(waiting: readonly string[], instance: string): string | undefined {
  const others = waiting.filter((other) => other !== instance).sort();
  return others.find((other) => other > instance) ?? others[0];
}

/** How many turns come before this instance's turn; 0 when it may append now. */
export function turnsUntil({ head, waiting }: KnownHead, instance: string): number {
  if (head.turn === undefined || head.turn === instance) return 0;
  const ring = [...new Set([...waiting, instance, head.turn])].sort();
  return (ring.indexOf(instance) - ring.indexOf(head.turn) + ring.length) % ring.length;
}
