// readConfig on files that are right: the design's example, the defaults, what every key accepts.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatProblem, type Config } from '../../../src/config/config.js';
import { readConfig } from '../../../src/config/read.js';
import { address } from '../../support/golden-filter.js';

const design = String.raw`; /etc/postseal/postseal.ini
[service]
listen   = 127.0.0.1:10025          ; or unix:/run/postseal/in.sock
protocol = smtp                     ; or lmtp
return   = 127.0.0.1:10026

[signing]                           ; defaults that a rule can override
digest = sha256
form   = clear                      ; or opaque
signature = auto                    ; or rsa-pss

[certificate:billing]
file = certs/billing.p12
password_file = certs/billing.pass  ; or a systemd credential

[certificates:staff]                ; a directory: each certificate serves the addresses it names
directory = certs/staff

[rule:invoices]
sender = billing@example.com, *@invoices.example.com
certificate = billing               ; one certificate, or
;certificates = staff               ; the one in the directory that names the sender
sign = always                       ; by-default | on-request | never

[exception:feature-phones]          ; recipients that get the mail unsigned
recipient = *@docomo.ne.jp, /^.+@.*\.ezweb\.ne\.jp$/

[exception:newsletter]              ; messages that are not signed
header = List-Id: *news*
`;

const file = '/etc/postseal/postseal.ini';

function read(text: string): Config {
  const { config, problems } = readConfig(file, text, 'host.example.com');
  if (!config) throw new Error(problems.map(formatProblem).join('\n'));
  return config;
}

test("the design's example", () => {
  const { config, problems } = readConfig(file, design, 'host.example.com');
  expect(problems.map(formatProblem)).toEqual([
    `${file}:16: [certificates:staff]: warning: used by no rule: write certificates = staff in one`,
  ]);
  expect(config).toMatchObject({
    file,
    service: {
      listen: { kind: 'tcp', host: '127.0.0.1', port: 10025 },
      return: { kind: 'tcp', host: '127.0.0.1', port: 10026 },
      protocol: 'smtp',
    },
    certificates: [
      {
        name: 'billing',
        origin: { file, line: 12, section: 'certificate:billing' },
        file: '/etc/postseal/certs/billing.p12',
        password: { kind: 'file', path: '/etc/postseal/certs/billing.pass' },
      },
    ],
    directories: [{ name: 'staff', directory: '/etc/postseal/certs/staff', password: { kind: 'none' } }],
    rules: [
      {
        name: 'invoices',
        origin: { file, line: 19, section: 'rule:invoices' },
        senders: [{ source: 'billing@example.com' }, { source: '*@invoices.example.com' }],
        certificate: { section: 'certificate', names: ['billing'] },
        sign: 'always',
        digest: { name: 'sha256' },
      },
    ],
    exceptions: [
      { name: 'feature-phones', recipients: [{ source: '*@docomo.ne.jp' }, {}] },
      { name: 'newsletter', header: { name: 'List-Id', value: { source: '*news*' } } },
    ],
  });
  expect(config?.exceptions[0]?.recipients?.[1]?.matches('a@b.ezweb.ne.jp')).toBe(true);
  expect(config?.exceptions[0]?.recipients?.[1]?.matches('a@b.ezwebXneXjp')).toBe(false);
});

test('an empty file is all defaults, and a warning', () => {
  const { config, problems } = readConfig(file, '', 'host.example.com');
  expect(config).toEqual({
    file,
    service: {
      listen: { kind: 'tcp', host: '127.0.0.1', port: 10025 },
      clients: {
        members: [
          { address: '127.0.0.0', prefix: 8 },
          { address: '::1', prefix: 128 },
        ],
      },
      return: { kind: 'tcp', host: '127.0.0.1', port: 10026 },
      protocol: 'smtp',
      hostname: 'host.example.com',
      maxConnections: 100,
      maxMessageSize: 0,
      maxHops: 5,
      timeout: 300,
      shutdownTimeout: 30,
    },
    journal: {
      debug: false,
      debugFile: 'stdout',
      debugLimit: 104_857_600,
      warnDays: [30, 14, 7, 1],
      warnTo: [],
      warnFrom: address('postseal@host.example.com'),
    },
    events: {},
    metrics: {},
    certificates: [],
    directories: [],
    rules: [],
    exceptions: [],
    leaveUnsigned: ['mobile-carriers', 'calendar', 'tnef'],
    requestHeader: 'X-Postseal-Sign',
    noRule: 'pass',
  });
  expect(problems.map(formatProblem)).toEqual([
    `${file}:1: warning: no [rule:NAME] in the file: nothing is signed`,
  ]);
});

test('a rule with nothing but sender and certificate has the defaults', () => {
  const text = '[certificate:a]\nfile = /a.p12\n[rule:r]\nsender = *\ncertificate = a\n';
  const { senders, ...rest } = read(text).rules[0]!;
  expect(senders.map(({ source }) => source)).toEqual(['*']);
  expect(rest).toMatchObject({
    match: 'from',
    sign: 'always',
    envelopeSender: 'same-domain',
    noCertificate: 'defer',
    expired: 'defer',
    mismatch: 'defer',
    failure: 'defer',
    requireCertificate: false,
    signature: 'auto',
    form: 'clear',
    headerProtection: false,
    localParts: 'ignore-case',
    unsignable: 'opaque',
  });
});

test('every key takes what it offers', () => {
  const config = read(
    `
[service]
listen = unix:/run/postseal/in.sock
clients = 192.0.2.0/24, [2001:db8::1]
return = [::1]:10026
hostname = mail.example.com
max_connections = 7
max_message_size = 25M
max_hops = 1
timeout = 60s
shutdown_timeout = 90s
[signing]
digest = sha384
form = opaque
signature = rsa-pss
leave_unsigned = none
request_header = Sign-It
no_rule = reject
[journal]
debug = yes
debug_file = /var/log/postseal.log
warn_days = 7, 60,1,7
warn_to = postmaster@example.com, Anna.O'Neil@Example.COM
warn_from = '"odd one"@example.com'
debug_limit = 1G
[events]
file = /var/log/events.json
webhook = http://127.0.0.1:8080/in?from=mail
webhook_authorization_file = hook.auth
[certificate:a]
file = ../a.pem
key = /keys/a.key
chain = chain.pem
password_credential = a.pass
[certificates:b]
directory = /b
password = 'p#w;d'
[rule:a]
sender = a@example.com , *@example.com
match = envelope
certificate = a
digest = sha512
form = clear
signature = auto
envelope_sender = any
no_certificate = pass
expired = reject
mismatch = allow
header_protection = yes
local_parts = exact-case
unsignable = pass
sign = by-default
failure = reject
require_certificate = yes
[rule:b]
sender = /^[a-z]{1,3}@example\\.(com|net)$/
certificates = b
sign = on-request
[rule:c]
sender = *@example.net
sign = never
[exception:x]
recipient = *@example.org
header = Subject: /^\\[x,y\\]/
content_type = text/calendar, application/*
larger_than = 25M
rule = a , c
`,
  );
  expect(config.service).toEqual({
    listen: { kind: 'unix', path: '/run/postseal/in.sock' },
    clients: {
      members: [
        { address: '192.0.2.0', prefix: 24 },
        { address: '2001:db8::1', prefix: 128 },
      ],
    },
    return: { kind: 'tcp', host: '::1', port: 10026 },
    protocol: 'smtp',
    hostname: 'mail.example.com',
    maxConnections: 7,
    maxMessageSize: 25 * 1024 * 1024,
    maxHops: 1,
    timeout: 60,
    shutdownTimeout: 90,
  });
  expect(config.journal).toMatchObject({
    debug: true,
    origin: { section: 'journal', key: 'debug' },
    debugFile: '/var/log/postseal.log',
    debugLimit: 1024 ** 3,
    warnDays: [60, 7, 1],
    warnTo: [address('postmaster@example.com'), address("Anna.O'Neil@Example.COM")],
    warnFrom: address('"odd one"@example.com'),
  });
  expect(config.events).toMatchObject({
    file: { path: '/var/log/events.json', origin: { section: 'events', key: 'file' } },
    webhook: {
      url: 'http://127.0.0.1:8080/in?from=mail',
      authorization: {
        path: '/etc/postseal/hook.auth',
        origin: { section: 'events', line: expect.any(Number) as number },
      },
    },
  });
  expect(config.certificates).toMatchObject([
    {
      file: '/etc/a.pem',
      keyFile: '/keys/a.key',
      chainFile: '/etc/postseal/chain.pem',
      password: { kind: 'credential', name: 'a.pass' },
    },
  ]);
  expect(config.directories[0]?.password).toEqual({ kind: 'inline', password: 'p#w;d' });
  const [a, b, c] = config.rules;
  expect(a).toMatchObject({
    match: 'envelope',
    digest: { name: 'sha512' },
    envelopeSender: 'any',
    noCertificate: 'pass',
    expired: 'reject',
    mismatch: 'allow',
    form: 'clear',
    signature: 'auto',
    headerProtection: true,
    localParts: 'exact-case',
    unsignable: 'pass',
    sign: 'by-default',
    failure: 'reject',
    requireCertificate: true,
  });
  expect(config).toMatchObject({ leaveUnsigned: [], requestHeader: 'Sign-It', noRule: 'reject' });
  expect(b).toMatchObject({
    digest: { name: 'sha384' },
    form: 'opaque',
    signature: 'rsa-pss',
    certificate: { section: 'certificates', names: ['b'] },
    sign: 'on-request',
  });
  expect(b?.senders).toHaveLength(1);
  expect(c?.sign).toBe('never');
  expect(c).not.toHaveProperty('certificate');
  const [x] = config.exceptions;
  expect(x?.header?.value.matches('[x,y] z')).toBe(true);
  expect(x?.contentTypes?.map(({ source }) => source)).toEqual(['text/calendar', 'application/*']);
  expect(x).toMatchObject({ largerThan: 25 * 1024 * 1024, rules: ['a', 'c'] });
});

test('the request header may be none, and what is left unsigned some of it', () => {
  const { requestHeader, leaveUnsigned } = read(
    '[signing]\nrequest_header = none\nleave_unsigned = tnef, mobile-carriers\n',
  );
  expect({ requestHeader, leaveUnsigned }).toEqual({
    requestHeader: undefined,
    leaveUnsigned: ['mobile-carriers', 'tnef'],
  });
});

test.each([
  'Authentication-Results',
  'auto-submitted',
  'Return-Path',
  'Sender',
  'List-Id',
  'ARC-Seal',
  'Keywords',
])('the request header is no field that mail has: %s', name => {
  const { problems } = readConfig(file, `[signing]\nrequest_header = ${name}\n`);
  const message = `"${name}" would be taken out of all mail`;
  expect(problems.map(p => p.message)).toContainEqual(expect.stringContaining(message));
});

test('sizes', () => {
  const size = (text: string): number => read(`[service]\nmax_message_size = ${text}`).service.maxMessageSize;
  expect(['1', '1K', '2 M', '3g'].map(size)).toEqual([1, 1024, 2 * 1024 ** 2, 3 * 1024 ** 3]);
});

test('no message shows a password, whatever is wrong with it', () => {
  const secret = 'Tr0ub4dor';
  for (const value of [
    secret,
    `${secret}#x`,
    `"${secret}`,
    `"${secret}" x`,
    `"\\${secret}"`,
    `'"${secret}"'`,
  ]) {
    for (const key of ['password', 'pasword', 'password_credential', 'passphrase']) {
      const text = `[certificate:a]\nfile = a\n${key} = ${value}/\n${key} ${value}\n`;
      const { problems } = readConfig(file, text, 'h');
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.map(formatProblem).join('\n')).not.toContain(secret);
    }
  }
});

test('whatever the bytes, problems are told and nothing is thrown', () => {
  const pieces = design.split(/(?<=\n)|\b/);
  const mixed = fc.array(
    fc.oneof(fc.constantFrom(...pieces), fc.string(), fc.constantFrom('\n', '=', '[', ']', '"')),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        mixed.map(parts => parts.join('')),
        fc.uint8Array(),
      ),
      text => {
        const { config, problems } = readConfig(file, text, 'h');
        expect(config === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
      },
    ),
    { numRuns: 2000 },
  );
});

test.each([
  ['https://hooks.example.com', 'https://hooks.example.com/'],
  ['HTTPS://hooks.example.com:8443/a?b=c', 'https://hooks.example.com:8443/a?b=c'],
  ['http://localhost:8080/', 'http://localhost:8080/'],
  ['http://127.1:8080/', 'http://127.0.0.1:8080/'],
  ['http://[::1]:8080/', 'http://[::1]:8080/'],
  ['http://127.0.0.1.example.com/', undefined],
  ['http://localhost.example.com/', undefined],
  ['http://10.0.0.1/', undefined],
  ['http://0.0.0.0/', undefined],
  ['https://user@hooks.example.com/', undefined],
  ['https://:secret@hooks.example.com/', undefined],
  ['ftp://hooks.example.com/', undefined],
  ['unix:/run/hook.sock', undefined],
  ['https:hooks.example.com', undefined],
  ['https://', undefined],
])('events go to %s: %s', (text, url) => {
  const { config, problems } = readConfig(file, `[events]\nwebhook = ${text}\n`);
  expect(config?.events.webhook?.url).toBe(url);
  expect(JSON.stringify(problems)).not.toMatch(/secret/);
});
