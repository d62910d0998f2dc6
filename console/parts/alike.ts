import type { OutputOf } from "../calls.ts";

export type Attempt = OutputOf<"ListAttempts">["items"][number];
type Group = [Attempt, ...Attempt[]];

/**
 * Groups attempts to deliver an event: those that the same subscription answered in the same way, without another answer
 * in between. Groups are in the order of their first attempts.
 */
export function alike(attempts: readonly Attempt[]): Group[] {
  const groups: Group[] = [];
  const last = new Map<string, Group>();
  for (const attempt of attempts) {
    const group = last.get(attempt.subscription);
    if (group && isSameAnswer(group[0], attempt)) {
      group.push(attempt);
      continue;
    }
    const begun: Group = [attempt];
    groups.push(begun);
    last.set(attempt.subscription, begun);
  }
  return groups;
}

function isSameAnswer(a: Attempt, b: Attempt): boolean {
  return a.status === b.status && a.error === b.error && a.excerpt === b.excerpt;
}
