// The option tables of most sections: every key with parser, default and one sentence; rule-options.ts has the others.
// The reader and the commented example in etc/ come from them and from kinds.ts.
import type { LeftUnsigned } from '../rules/policy.js';
import { parseEndpoint } from './endpoint.js';
import { networks } from './networks.js';
import { mailbox, mailboxes } from './mailbox.js';
import { digest, form, optional, preset, required, signature, whenUnable, type Table } from './option.js';
import {
  absolutePath,
  choice,
  count,
  credential,
  days,
  headerToTake,
  hostname,
  listOf,
  password,
  path,
  pathOrCredential,
  secretFile,
  size,
  stdoutOrPath,
  withForm,
  yesOrNo,
} from './parsers.js';
import { exception, rule } from './rule-options.js';
import { webhook } from './webhook.js';

export { exception, rule };
export type { Option, Table, Values } from './option.js';

const endpoint = withForm('HOST:PORT | [IPv6]:PORT | unix:/PATH', parseEndpoint);

export const service = {
  listen: preset(
    endpoint,
    '127.0.0.1:10025',
    'Where Postfix hands mail in: host:port, [IPv6]:port, or, with protocol = lmtp, unix:/path.',
  ),
  protocol: preset(
    choice(['smtp', 'lmtp']),
    'smtp',
    'What is spoken there: smtp, or lmtp, in which each recipient gets a reply of its own.',
  ),
  clients: preset(
    networks,
    '127.0.0.0/8, ::1',
    'Who may connect: IP addresses and networks with commas in between; on a UNIX socket the rights of its file decide.',
  ),
  return: preset(
    endpoint,
    '127.0.0.1:10026',
    'Where Postfix takes the mail back: host:port, [IPv6]:port or unix:/path.',
  ),
  hostname: optional(
    hostname,
    'mail.example.com',
    'The name in the greeting and in the Received field, by default that of the machine.',
  ),
  max_connections: preset(
    count(1, 65535),
    '100',
    'So many connections at a time; more are told to come back.',
  ),
  max_message_size: preset(
    size,
    '0',
    'The largest message in bytes, or with K, M or G; 0 leaves the limit to Postfix.',
  ),
  max_hops: preset(
    count(1, 100),
    '5',
    'A message that passed here more often than this is in a loop, and is refused.',
  ),
  timeout: preset(
    count(1, 86400, 's'),
    '300',
    'Seconds of silence after which a connection, either way, is given up and the mail deferred; a command has no more time in all.',
  ),
  shutdown_timeout: preset(count(0, 86400, 's'), '30', 'Seconds that a shutdown waits for mail in flight.'),
  control: optional(
    absolutePath,
    '/run/postseal/control.sock',
    'The socket on which "postseal status" and the like ask the service; by default control.sock in the directory that systemd makes for it.',
  ),
} as const satisfies Table;

export const signing = {
  digest: preset(
    digest,
    'sha256',
    'The digest: sha256, sha384 or sha512 (sha1 only for partners who read nothing else); a key may need another one.',
  ),
  form: preset(
    form,
    'clear',
    'clear is multipart/signed, readable without S/MIME; opaque is application/pkcs7-mime, which no relay can damage.',
  ),
  signature: preset(
    signature,
    'auto',
    'How RSA keys sign: auto is PKCS#1 v1.5, which every client reads; rsa-pss only for partners who ask for it.',
  ),
  leave_unsigned: preset(
    listOf<LeftUnsigned>(['mobile-carriers', 'calendar', 'tnef']),
    'mobile-carriers, calendar, tnef',
    'Where common clients cannot use what is signed: mobile-carriers (recipients at Japanese ones), calendar (text/calendar, as invitations), tnef (winmail.dat); or none.',
  ),
  request_header: preset(
    headerToTake,
    'X-Postseal-Sign',
    'The header field in which a message asks for a signature (true) or for none (false), for rules that hear it; it is taken away from all mail. Or none.',
  ),
  no_rule: preset(
    whenUnable,
    'pass',
    'Mail of senders that no rule names: pass unsigned, defer, or reject. Bounces, reports and what is signed already pass all the same.',
  ),
} as const satisfies Table;

export const journal = {
  debug: preset(
    yesOrNo,
    'no',
    'yes tells every step of every message in the debug journal, for good; "postseal journal --debug on" does so for a while.',
  ),
  debug_file: preset(
    stdoutOrPath,
    'stdout',
    'Where the debug journal goes: stdout, or the absolute path of a file.',
  ),
  debug_limit: preset(
    size,
    '100M',
    'How large that file and the one before it (debug.json.1) may become together: bytes, or with K, M or G; 0 is no limit.',
  ),
  warn_days: preset(
    days,
    '30, 14, 7, 1',
    'So many days before a certificate expires it is warned of, and once it has; with none only then.',
  ),
  warn_to: optional(
    mailboxes,
    'postmaster@example.com',
    'Whom these warnings are mailed to as well, with commas in between.',
  ),
  warn_from: optional(
    mailbox,
    'postseal@example.com',
    'What such mail has in From, by default postseal@ and the hostname of [service].',
  ),
} as const satisfies Table;

export const events = {
  file: optional(
    absolutePath,
    '/var/log/postseal/events.json',
    'The event log: for each message and group of recipients a JSON object; see "postseal journal".',
  ),
  webhook: optional(
    webhook,
    'https://hooks.example.com/postseal',
    'Where the events are posted to, as JSON arrays: https, or http on this machine.',
  ),
  webhook_authorization_file: optional(
    secretFile,
    'webhook.authorization',
    'A file with the Authorization header for it in one line, as in Bearer 0123.',
  ),
} as const satisfies Table;

export const metrics = {
  listen: optional(
    parseEndpoint,
    '127.0.0.1:9464',
    'Where Prometheus reads /metrics, and others /health/live and /health/ready: host:port, [IPv6]:port or unix:/path. The control socket has them too.',
  ),
} as const satisfies Table;

const passwords = {
  password_file: optional(
    path,
    'certs/billing.pass',
    'The password, where there is one: in a file of its own,',
  ),
  password_credential: optional(credential, 'billing.pass', 'or in the systemd credential of this name,'),
  password: optional(password, "'secret'", 'or here for tests: whoever can read this file can read it.'),
} as const satisfies Table;

export const certificate = {
  file: required(
    pathOrCredential,
    'certs/billing.p12',
    'PKCS#12 or PEM; paths start at the directory of this file. Or credential:NAME for a credential of systemd.',
  ),
  key: optional(
    pathOrCredential,
    'certs/billing.key',
    'PEM of the private key, where it is not in that file.',
  ),
  chain: optional(
    pathOrCredential,
    'certs/chain.pem',
    'PEM of the issuing certificates, where they are not in that file.',
  ),
  ...passwords,
} as const satisfies Table;

export const certificates = {
  directory: required(
    path,
    'certs/staff',
    'PKCS#12 and PEM files, each with key and certificate in one; issuers may lie beside as .crt, .cer or .der.',
  ),
  watch: preset(yesOrNo, 'no', 'yes reloads when something in it changes, as systemctl reload does.'),
  ...passwords,
} as const satisfies Table;
