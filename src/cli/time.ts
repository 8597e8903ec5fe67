// Times as people type and read them.
import { usageError } from './arguments.js';
import { inQuotes } from '../printable.js';

/** What parseTime takes, for help and errors. */
export const timeForms =
  '2024-11-08, "2024-11-08 07:38", 2024-11-08T07:38:42Z, today, yesterday, 30m, 2h or 7d';

/** Seconds. */
const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * Reads a moment: local time unless Z or an offset is given, a day alone its beginning, `2h` so long before now.
 * @returns undefined for anything else
 */
export function parseTime(text: string, now: Date): Date | undefined {
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()];
  if (text === 'today') return new Date(year, month, day);
  if (text === 'yesterday') return new Date(year, month, day - 1);
  const ago = parseDuration(text);
  if (ago !== undefined) return new Date(now.getTime() - ago * 1000);
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text);
  if (!iso) return undefined;
  const [, date, time = '00:00', seconds = '', zone = ''] = iso;
  // Of a date that there is not, as the 30th of February, Date makes another one.
  if (new Date(`${date!}T00:00Z`).getUTCDate() !== Number(date!.slice(-2))) return undefined;
  const moment = new Date(`${date!}T${time}${seconds}${zone.replace(/(\d\d)(\d\d)$/, '$1:$2')}`);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

/** `30m` or `1h` in seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  return match ? Number(match[1]) * units[match[2] as keyof typeof units] : undefined;
}

/** The options --since and --until of a command. @throws CommandError (64) */
export function readSpan(
  command: string,
  values: { readonly since?: string; readonly until?: string },
  now: Date,
): { readonly since?: Date; readonly until?: Date } {
  const time = (key: 'since' | 'until'): { [K in typeof key]?: Date } => {
    const text = values[key];
    if (text === undefined) return {};
    const moment = parseTime(text, now);
    if (!moment) throw usageError(command, `--${key}: ${inQuotes(text)} is no time: write ${timeForms}`);
    return { [key]: moment };
  };
  const span = { ...time('since'), ...time('until') };
  if (span.since && span.until && span.since >= span.until)
    throw usageError(command, '--until is not later than --since');
  return span;
}

/** `2024-11-08 08:38:42` in local time. */
export function localTime(moment: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join('-');
  return `${date} ${[moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(':')}`;
}
