// How the cost of a message grows: CPU time of the filter in memory, for messages that have more and more of one thing.
import { parsePatterns } from '../../src/rules/pattern.js';
import type { Exception } from '../../src/rules/policy.js';
import { goldenIdentity, envelope, policyFor, ruleFor, runFilter } from './golden-filter.js';

const sender = 'anna@example.com';
const head = `From: ${sender}\r\nTo: kim@example.net\r\nSubject: growth\r\nMIME-Version: 1.0\r\n`;
const text = 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n';
const line = `${'Zwölf Boxkämpfer jagen Viktor. '.repeat(2)}\r\n`;

interface Growing {
  /** How many it is measured with. */
  readonly most: number;
  readonly message: (count: number) => string;
  readonly recipients?: (count: number) => string[];
  readonly exceptions?: (count: number) => Exception[];
  /** Octets that come at a time; default: 65,536. */
  readonly pieceSize?: number;
  /** Absent where it is accepted. */
  readonly reply?: string;
}

const parts = (count: number, part: string): string =>
  `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(count)}--b--\r\n`;
const short = `${head}${text}${line}`;
const someone = (_: unknown, i: number): string => `user${i}@d${i % 100}.example.net`;
const everyone = (count: number): string[] => Array.from({ length: count }, someone);

/** By what there is more of. */
export const growing: Readonly<Record<string, Growing>> = {
  recipients: { most: 10_000, message: () => short, recipients: everyone },
  'recipients, half of them excepted': {
    most: 10_000,
    message: () => short,
    recipients: everyone,
    exceptions: count =>
      everyone(count)
        .filter((_, i) => i % 2 === 0)
        .map((one, i) => ({ name: `e${i % 2}`, recipients: parsePatterns(one) })),
  },
  'MIME parts': {
    most: 100_000,
    message: count => parts(count, `--b\r\n${text}ö\r\n`),
  },
  'parts within parts': {
    most: 100,
    message: depth => {
      let nested = head;
      for (let i = 0; i < depth; i++)
        nested += `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`;
      nested += `${text}${line}`.repeat(1) + line.repeat(2000);
      for (let i = depth - 1; i >= 0; i--) nested += `\r\n--b${i}--\r\n`;
      return nested;
    },
  },
  'lines that look like boundaries': {
    most: 500_000,
    message: count =>
      `${parts(1, `--b\r\n${text}`).replace(/--b--\r\n$/, '')}${'--bx\r\n'.repeat(count)}--b--\r\n`,
  },
  'MB of 8-bit text': {
    most: 50,
    message: count => head + text + line.repeat((count * 1_000_000) / Buffer.byteLength(line)),
  },
  'MB in one line': {
    most: 50,
    message: count => `${head}${text}${'x'.repeat(count * 1_000_000)}\r\n`,
  },
  'header fields': {
    most: 9000,
    message: count => `${'X-Field: value\r\n'.repeat(count)}${short}`,
  },
  'header fields past the limit': {
    most: 100_000,
    message: count => `${'X-Field: value\r\n'.repeat(count)}${short}`,
    reply: '451 4.3.4 Header too large: over 10000 fields',
  },
  'continued lines of one field': {
    most: 10_000,
    message: count => `X-Field: value\r\n${' more\r\n'.repeat(count)}${short}`,
  },
  'From mailboxes': {
    most: 1000,
    message: count => short.replace(/^From: .*\r\n/, `From: ${everyone(count).join(',\r\n ')}\r\n`),
  },
  'header lines of a part': {
    most: 5000,
    message: count => parts(1, `--b\r\n${'X-Field: value\r\n'.repeat(count)}${text}ö\r\n`),
  },
  'kB in one header line, ten octets at a time': {
    most: 900,
    message: count => `X-Field: ${'x'.repeat(1000 * count)}\r\n${short}`,
    pieceSize: 10,
  },
  'kB in one header line of a part, ten octets at a time': {
    most: 900,
    message: count => parts(1, `--b\r\nX-Field: ${'x'.repeat(1000 * count)}\r\n${text}ö\r\n`),
    pieceSize: 10,
    reply: '451 4.6.3 Message cannot be made 7-bit without damage: x-field field with a line over 998 octets',
  },
};

/** Milliseconds of CPU time. @throws Error where it is answered otherwise than it should */
export async function costOf(name: string, count: number): Promise<number> {
  const {
    message,
    recipients,
    exceptions,
    pieceSize = 65_536,
    reply: wanted = '250 2.0.0 Ok: stored',
  } = growing[name]!;
  const identity = await goldenIdentity('ec');
  const rule = ruleFor(identity, { headerProtection: false });
  const policy = { ...policyFor(identity), rules: [rule], exceptions: exceptions?.(count) ?? [] };
  const given = envelope(sender, recipients?.(count) ?? ['kim@example.net']);
  const bytes = Buffer.from(message(count));
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
  };
  const before = process.cpuUsage();
  const { reply } = await runFilter(pieces(), given, { policy });
  const { user, system } = process.cpuUsage(before);
  const answer = `${reply.code} ${reply.text}`;
  if (answer !== wanted) throw new Error(`${count} ${name}: ${answer}`);
  return (user + system) / 1000;
}
