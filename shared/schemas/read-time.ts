/**
 * Larger numbers are epoch milliseconds. Epoch seconds reach this value in the year 5138; milliseconds passed it in
 * 1973.
 */
const MAX_EPOCH_SECONDS = 1e11;
const DIGITS = /^\d+(\.\d+)?$/;
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads a time in any of LiveChat's spellings: epoch seconds (the vendor's reference), epoch milliseconds, or ISO 8601
 * (webhooks and Microsoft's connector). A time without an offset is read as UTC.
 *
 * @returns ISO 8601 in UTC with milliseconds; `undefined` for anything else, a day that does not exist, or a year past 9999
 */
export function readTime(value: number | string): string | undefined {
  const epoch = typeof value === "number" ? value : DIGITS.test(value) ? Number(value) : undefined;
  if (epoch !== undefined) return toMoment(epoch < MAX_EPOCH_SECONDS ? epoch * 1000 : epoch);
  const [, day, clock = "00:00", offset = "Z"] = ISO.exec(String(value).trim()) ?? [];
  // `Date` would read 30 February as 2 March.
  if (day === undefined || toMoment(Date.parse(day))?.slice(0, 10) !== day) return undefined;
  return toMoment(Date.parse(`${day}T${clock}${offset.toUpperCase()}`));
}

function toMoment(milliseconds: number): string | undefined {
  const date = new Date(Math.round(milliseconds));
  if (Number.isNaN(date.valueOf())) return undefined;
  const iso = date.toISOString();
  // `Date` writes a year above 9999 with a sign: it is not a `date-time` (RFC 3339), and sorts wrongly as text.
  return /^\d{4}-/.test(iso) ? iso : undefined;
}
