// Dates in header fields (RFC 5322 §3.3), read strictly: a date that a mail client might read otherwise is none.

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Reads a date-time with a numeric zone or GMT; undefined for anything else. */
export function parseDate(body: string): Date | undefined {
  const text = body.replace(/\([^()]*\)/g, ' ').trim();
  const match =
    /^(?:[A-Za-z]{3},\s*)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s+([+-])?(\d{4}|GMT|UTC?)$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, day, monthName, year, hour, minute, second = '0', sign, zone] = match;
  const month = months.findIndex(name => name.toLowerCase() === monthName!.toLowerCase());
  const numeric = /^\d{4}$/.test(zone!);
  if (month === -1 || numeric !== (sign !== undefined)) return undefined;
  const offset = numeric ? Number(zone!.slice(0, 2)) * 60 + Number(zone!.slice(2)) : 0;
  const numbers = [Number(year), month, Number(day), Number(hour), Number(minute), Number(second)] as const;
  const time = Date.UTC(...numbers);
  // 31 February and 25:61 would be taken as later days and hours, not by every client the same.
  const at = new Date(time);
  const same = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes()];
  if (same.some((n, i) => n !== numbers[i]) || numbers[5] > 59) return undefined;
  return new Date(time - (sign === '-' ? -offset : offset) * 60_000);
}

/** Writes a date-time, in UTC. */
export function formatDate(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${days[date.getUTCDay()]!}, ${date.getUTCDate()} ${months[date.getUTCMonth()]!} ${date.getUTCFullYear()}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** In minutes. Thunderbird tolerates an hour (0.9 h passes, 1.1 h fails); the clock of a client may be off too. */
const tolerance = 50;

/**
 * The signing time to claim: left out where it would differ from the Date field, because Thunderbird
 * then calls the signature bad, while every verifier is content without it (R23).
 */
export function signingTime(now: Date, dateField: string | undefined): Date | undefined {
  const date = dateField === undefined ? undefined : parseDate(dateField);
  return date && Math.abs(now.getTime() - date.getTime()) <= tolerance * 60_000 ? now : undefined;
}
