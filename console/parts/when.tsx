import { signal } from "@preact/signals";
import { HOUR } from "../../shared/core/time.ts";

/** The present time. Every ten seconds it changes, and updates the relative times on the page. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 10_000);

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
/** A moment that is at least this many milliseconds away is shown with the time of day. */
const FAR = HOUR;

/** Shows a moment in words: `3 minutes ago`, or `2 hours ago, 10:05`. The full time is its title. @param at ISO 8601 */
export function When({ at }: { at: string }) {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return <span>{at}</span>;
  const present = Math.max(now.value, Date.now());
  return (
    <time class="nowrap" dateTime={at} title={`${absolute.format(time)} (${at})`}>
      {toWords(time - present)}
      {Math.abs(time - present) >= FAR && <span class="quiet">, {toClock(time, present)}</span>}
    </time>
  );
}

/** The time of day, with the day and the year if they differ from today's. */
export function toClock(time: number, present = Date.now()): string {
  const [at, today] = [new Date(time), new Date(present)];
  if (at.toDateString() === today.toDateString()) return clock.format(at);
  const isThisYear = at.getFullYear() === today.getFullYear();
  return `${(isThisYear ? day : date).format(at)}, ${clock.format(at)}`;
}

/** @param ms from now on: negative for the past */
export function toWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds === 0) return "just now";
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

const MOMENT = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

/** Shows a sentence of the app, with its moments in local time. */
export function Sentence({ text }: { text: string }) {
  return (
    <>
      {text.split(MOMENT).map((part, index) =>
        index % 2 === 0 ? (
          part
        ) : (
          <time key={index} dateTime={part} title={part}>
            {absolute.format(Date.parse(part))}
          </time>
        ),
      )}
    </>
  );
}

/** Describes a span of time: `4 min 12 s`. */
export function toSpan(ms: number): string {
  if (ms < 1_000) return "under 1 s";
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
