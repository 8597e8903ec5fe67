// Attack: whatever a command reads or is told is full of what a terminal obeys. All commands, each with hostile input of
// its own; of all that they print nothing is obeyed, and no line is somebody else's.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { commands, run } from '../../src/cli/commands.js';
import type { Status } from '../../src/service/snapshot.js';
import { escaped } from '../../src/printable.js';
import { forged, hostile, hostileName, hostilePem, obeyed } from '../support/hostile.js';
import { openssl } from '../support/pki.js';
import { put, temporaryPki } from '../support/pki-temporary.js';

const pki = temporaryPki();
const { dir } = pki;
mkdirSync(join(dir, 'staff'));

const author = 'an\u202e\u061cna@example.com';
const pem = put(pki, 'billing.pem', hostilePem(hostile, [author, 'anna@example.com']));
put(pki, `staff/${hostileName}.pem`, hostilePem(hostile, [author]));
put(pki, `staff/${hostileName}-damaged.pem`, '-----BEGIN \x1b[2J-----\n');
put(pki, `staff/${hostileName}.key`, 'x');
const turned = 'x\u202e\u061cy\u2066z';
mkdirSync(join(dir, turned));
const good = put(
  pki,
  'good.ini',
  `[service]
control = ${dir}/control.sock
return = unix:${dir}/${turned}
[events]
file = ${dir}/${turned}/events.json
[certificate:billing]
file = billing.pem
[certificates:staff]
directory = staff
[rule:billing]
sender = anna@example.com, /${turned}/
certificate = billing
envelope_sender = any
[rule:staff]
sender = *@example.com
certificates = staff
no_certificate = reject
[exception:x]
header = Subject: *${turned}*
recipient = /${turned}/
`,
);
const bad = put(
  pki,
  'bad.ini',
  `[service]
listen = ${turned}
clients = ${turned}
max_hops = ${turned}
${turned} = 1
control = \x1b[2J
[${turned}]
[rule:${turned}]
[rule:x]
sender = ${turned}, <${turned}>
certificate = ${turned}
sign = ${turned}
[exception:${turned}]
header = ${turned}
[signing]
request_header = ${turned}
`,
);
const missing = put(
  pki,
  'missing.ini',
  `[events]\nfile = ${turned}/${turned}\n[certificate:x]\nfile = ${turned}\n`,
);

const message = Buffer.from(
  `From: "\x1b[2J\0${turned}" <${author}>\r\nTo: <kim${turned}@example.net>\r\nSubject: ${turned}\r\n` +
    `X-Postseal-Sign: ${hostile}\r\nContent-Type: ${turned}/x; name="${turned}\x1b"\r\n\r\nx\r\n`,
);
const signed = openssl(
  ['smime', '-sign', '-signer', pem],
  `Content-Type: text/x\x1b[2J; name="${turned}\x1b"\r\nContent-Disposition: attachment; filename="\x1b${turned}"\r\n\r\nx`,
);

const ts = '2026-11-27T08:00:00.000Z';
const event = {
  meta: { event: { ts } },
  outcome: 'signed',
  recipients: [hostile],
  ...Object.fromEntries(
    ['queueId', 'sender', 'rule', 'certificate', 'reason', 'warning', 'reply'].map(key => [key, hostile]),
  ),
};
const log = put(pki, 'events.json', `${JSON.stringify(event)}\n${hostile}\n`);
const detail = { id: hostile, number: 1, timestamp: ts, level: 'debug' };
const debugLog = put(
  pki,
  'debug.json',
  [
    { ...detail, message: 'envelope', sender: hostile, recipients: [hostile], client: hostile },
    { ...detail, message: 'failure', reason: hostile },
  ]
    .map(line => `${JSON.stringify(line)}\n`)
    .join(''),
);

const counts = { signed: 1, unsigned: 1, deferred: 1, rejected: 1 };
const backlog = { to: hostile, waiting: 1, lost: 1, trouble: hostile };
const debug = {
  to: hostile,
  messages: 1,
  octets: 1,
  lost: 1,
  switched: { senders: [hostile], until: hostile },
};
const certificateStatus = {
  name: hostile,
  section: hostile,
  addresses: [hostile],
  rules: [hostile],
  missedBy: [hostile],
  notBefore: hostile,
  notAfter: hostile,
  daysLeft: 1,
  state: 'valid',
};
const status = {
  version: hostile,
  pid: 1,
  since: hostile,
  inForce: { listen: hostile, returnPort: hostile, rules: 1, certificates: 1 },
  reasons: [hostile],
  rulesUnableToSign: [hostile],
  messages: { today: counts, sinceStart: counts },
  inFlight: 1,
  connections: 1,
  lastDeferral: { at: ts, queueId: hostile, sender: hostile, reply: hostile },
  returnPort: { up: false, lastFailure: ts, failure: hostile, connections: { idle: 1, busy: 1 } },
  certificates: [certificateStatus],
  certificatesUnusable: 1,
  debug,
  events: { file: backlog, webhook: backlog },
  reloads: { ok: 1, failed: 1 },
  lastReload: { at: ts, ok: false },
} as unknown as Status;

/** Where the service of good.ini would answer. */
const answers: Readonly<Record<string, unknown>> = {
  'GET /config': { file: good },
  'GET /status': status,
  'GET /debug': debug,
  'POST /reload': { reloaded: false, mistakes: [hostile] },
};
const service = createServer((request, response) => {
  const answer = answers[`${request.method!} ${request.url!}`];
  response.statusCode = answer === undefined ? 503 : 200;
  response.end(JSON.stringify(answer ?? { error: hostile }));
});

beforeAll(() => new Promise<void>(resolve => service.listen(join(dir, 'control.sock'), resolve)));
afterAll(() => new Promise(resolve => service.close(resolve)));

/**
 * Runs it here: so many processes would take their time. @returns all that it has written; of `sign`, which gives the
 * message back, what it tells
 */
async function output(args: readonly string[], input: string | Buffer = ''): Promise<string> {
  let text = '';
  const write = function (this: unknown, chunk: string | Uint8Array, ...rest: unknown[]): boolean {
    if (args[0] !== 'sign' || this === process.stderr) text += Buffer.from(chunk as Uint8Array).toString();
    for (const done of rest) if (typeof done === 'function') (done as () => void)();
    return true;
  };
  const spies = [process.stderr, process.stdout].map(stream =>
    vi.spyOn(stream, 'write').mockImplementation(write),
  );
  const stdin = vi
    .spyOn(process, 'stdin', 'get')
    .mockReturnValue(Readable.from([Buffer.from(input)]) as never);
  process.stdout.setMaxListeners(0);
  process.stderr.setMaxListeners(0);
  try {
    await run(args);
  } finally {
    for (const spy of [...spies, stdin]) spy.mockRestore();
  }
  return text;
}

const to = (ini: string): string[] => ['--config', ini];
type Case = readonly [args: readonly string[], input?: string | Buffer];
const nowhere = join(dir, hostileName);
const ofEach = (ini: string): Case[] => [
  ...[
    ['check'],
    ['cert', 'list'],
    ['cert', 'list', '--json'],
    ['cert', 'show', 'billing'],
    ['test'],
    ['test', '--json', '--sender', author],
    ['status'],
    ['status', '--json'],
    ['reload'],
    ['journal'],
    ['journal', '--debug', 'show'],
    ['journal', '--debug', 'off'],
    ['report'],
    ['wire', '--postfix', nowhere],
    ['doctor', '--postfix', nowhere],
  ].map((args): Case => [[...args, ...to(ini)]]),
  [['explain', ...to(ini)], message],
  [['explain', '--json', ...to(ini)], message],
  [['sign', '-f', author, '-r', author, ...to(ini)], 'From: mallory@example.org\n\nx\n'],
];
const november = ['--since', '2026-11-01', '--until', '2026-12-01', '--file', log];
const cases: readonly Case[] = [
  ...[good, bad, missing, join(dir, turned)].flatMap(ofEach),
  [['serve', ...to(bad)]],
  [['cert', 'show', `staff/${hostileName}.pem`, ...to(good)]],
  [['cert', 'show', `staff/${escaped(hostileName)}.pem`, ...to(good)]],
  [['cert', 'add', join(dir, 'staff', `${hostileName}.pem`), '--name', 'added', ...to(good)]],
  [['cert', 'add', join(dir, 'staff', `${hostileName}-damaged.pem`), ...to(good)]],
  [['cert', 'replace', 'billing', nowhere, ...to(good)]],
  [['cert', 'remove', hostileName, ...to(good)]],
  [['cert', 'request', '--address', author, '--subject', `CN=${hostileName}`, ...to(good)]],
  [['cert', 'make-test', '--address', author, '--directory', `${nowhere}-test`, ...to(good)]],
  [['explain', '-r', `<${hostileName}>`, ...to(good)], message],
  [['verify'], signed],
  [['verify', '--json'], signed],
  [['verify', '--ca', pem], signed],
  [['verify', '--ca', nowhere], signed],
  [['verify', nowhere]],
  [['verify'], message],
  [['journal', '--file', log]],
  [['journal', '--json', '--file', log]],
  [['journal', '--file', nowhere]],
  [['journal', '--debug-file', debugLog]],
  [['report', ...november]],
  [['report', '--json', ...november]],
  [['report', '--csv', ...november]],
  [[hostileName]],
  [['help', hostileName]],
  ...Object.keys(commands).flatMap((name): Case[] => [
    [[name, `--${hostileName}`]],
    [[name, '--config', `/${hostileName}`]],
    [[name, hostileName]],
  ]),
];

describe('nothing that a command prints is obeyed', () => {
  test.each(cases.map(([args, input]) => [escaped(JSON.stringify(args)), args, input] as const))(
    '%s',
    async (_, args, input) => {
      const text = (await output(args, input)).replaceAll(/\r(?=\n)/g, args.includes('--csv') ? '' : '\r');
      expect(text).not.toBe('');
      expect(text).not.toMatch(obeyed);
      expect(text).not.toMatch(forged);
    },
  );
});

test('what is meant to be seen is seen, escaped', async () => {
  expect(await output(['status', ...to(good)])).toContain('\\u001b[2J');
  expect(await output(['check', ...to(good)])).toContain('\\u202e');
  expect(await output(['explain', ...to(good)], message)).toContain('\\u202e');
});
