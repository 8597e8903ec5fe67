// The status on a terminal: what is urgent is red, what will be is yellow.
import { afterEach, expect, test, vi } from 'vitest';
import { toText } from '../../../src/cli/status-report.js';
import { noCounts } from '../../../src/events/event.js';
import type { CertificateStatus, Status } from '../../../src/service/snapshot.js';

const terminal = process.stdout.isTTY;

afterEach(() => {
  process.stdout.isTTY = terminal;
  vi.unstubAllEnvs();
});

function statusWith(certificate: Partial<CertificateStatus>, more: Partial<Status> = {}): Status {
  const time = '2024-11-08T07:38:42.000Z';
  return {
    version: '0.1.0',
    pid: 1,
    since: time,
    inForce: { listen: '127.0.0.1:10025', returnPort: '127.0.0.1:10026', rules: 1, certificates: 1 },
    reasons: [],
    rulesUnableToSign: [],
    messages: { today: noCounts(), sinceStart: noCounts() },
    inFlight: 0,
    connections: 0,
    returnPort: { up: true, connections: { idle: 0, busy: 0 } },
    certificates: [
      {
        name: 'billing',
        section: 'certificate billing',
        addresses: [],
        rules: [],
        notBefore: time,
        notAfter: time,
        daysLeft: 0,
        missedBy: [],
        state: 'valid',
        ...certificate,
      },
    ],
    certificatesUnusable: 0,
    debug: { to: 'stdout', messages: 0, octets: 0, lost: 0 },
    events: {},
    reloads: { ok: 0, failed: 0 },
    ...more,
  };
}

test.each<[Partial<CertificateStatus>, string]>([
  [{ daysLeft: 31, state: 'valid' }, ''],
  [{ daysLeft: 30, state: 'soon' }, '\x1b[33m'],
  [{ daysLeft: 8, state: 'soon' }, '\x1b[33m'],
  [{ daysLeft: 7, state: 'soon' }, '\x1b[31m'],
  [{ daysLeft: -1, state: 'expired' }, '\x1b[31m'],
  [{ daysLeft: 100, state: 'not-yet-valid' }, '\x1b[31m'],
])('a certificate with %j', (certificate, colour) => {
  process.stdout.isTTY = true;
  vi.stubEnv('NO_COLOR', '');
  const line = toText(statusWith(certificate))
    .split('\n')
    .find(l => l.includes('  billing'))!;
  expect(line.startsWith(`${colour}  billing`)).toBe(true);
  expect(line.endsWith('\x1b[0m')).toBe(colour !== '');
});

test.each<[string, Partial<Status>, string[]]>([
  ['beside others', {}, ['Certificates', '  1 problem with others: see postseal check']],
  ['alone', { certificates: [] }, ['Certificates', '  1 problem: see postseal check']],
])('a certificate that cannot be used, %s', (_, certificates, lines) => {
  const text = toText(statusWith({}, { certificatesUnusable: 1, ...certificates })).split('\n');
  expect(text.filter(line => /^Certificates|problem/.test(line))).toEqual(lines);
});

test('the rules of a certificate that are too many to name', () => {
  const text = toText(statusWith({ rules: ['one', 'two'], moreRules: 9998 }));
  expect(text).toContain('one, two and 9,998 more');
});

test('what a client said does not reach the terminal as it is', () => {
  const lastDeferral = {
    at: '2024-11-08T07:38:42.000Z',
    queueId: '\x1b[2J',
    sender: 'a@b\x07',
    reply: '450 4.2.0 \x9b',
  };
  expect(toText(statusWith({}, { lastDeferral }))).not.toMatch(/[\x07\x1b\x9b]/);
});
