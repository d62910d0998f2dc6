import { expect, test } from "vitest";
import { timesOf } from "../../console/parts/chat-times.ts";

const at = (second: number) => new Date(Date.UTC(2026, 0, 15, 9, 0, second)).toISOString();
const said = (user_type: string, second: number) => ({ user_type, timestamp: at(second) });

test("an agent's greeting ends the wait but is no response to a later message", () => {
  const messages = [said("agent", 5), said("visitor", 20), said("visitor", 25), said("agent", 50)];
  const chat = { id: "C1", started_timestamp: at(0), ended_timestamp: at(59), messages };
  expect(timesOf(chat)).toEqual({ wait: 5_000, response: 30_000, duration: 59_000 });
});

test("an unanswered chat has no wait, response or duration", () => {
  const chat = { id: "C1", started_timestamp: at(0), messages: [said("visitor", 3)] };
  expect(timesOf(chat)).toEqual({ wait: undefined, response: undefined, duration: undefined });
  expect(timesOf({ id: "C2" })).toEqual({ wait: undefined, response: undefined, duration: undefined });
});
