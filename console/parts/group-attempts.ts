import type { OutputOf } from "../calls.ts";

export type Attempt = OutputOf<"ListAttempts">["items"][number];
type Group = [Attempt, ...Attempt[]];

/**
 * Groups a subscription's consecutive attempts with the same answer. Groups are in the order of their first attempts.
 */
export function groupAttempts(attempts: readonly Attempt[]): Group[] {
  const groups: Group[] = [];
  const last = new Map<string, Group>();
  for (const attempt of attempts) {
    const group = last.get(attempt.subscription);
    if (group && isSameAnswer(group[0], attempt)) {
      group.push(attempt);
      continue;
    }
    const next: Group = [attempt];
    groups.push(next);
    last.set(attempt.subscription, next);
  }
  return groups;
}

function isSameAnswer(a: Attempt, b: Attempt): boolean {
  return a.status === b.status && a.error === b.error && a.excerpt === b.excerpt;
}
