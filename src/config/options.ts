// The option tables: every key of the ini file, with parser, default and one sentence.
// The reader, the commented example in etc/ and the manual all come from here and from kinds.ts.
import { digests, type DigestName } from '../algorithms.js';
import type { Digest } from '../algorithms.js';
import type { Fragile } from '../rules/message.js';
import { parseEndpoint } from './endpoint.js';
import { addressPatterns, mediaTypePatterns } from './lists.js';
import { networks } from './networks.js';
import {
  absolutePath,
  choice,
  count,
  credential,
  headerField,
  hostname,
  listOf,
  password,
  path,
  sectionName,
  size,
  stdoutOrPath,
  yesOrNo,
  type Parser,
} from './parsers.js';
import { webhook } from './webhook.js';

type Presence = 'required' | 'default' | 'optional';

export interface Option<T = unknown, P extends Presence = Presence> {
  readonly presence: P;
  readonly parse: Parser<T>;
  /** As it would stand in the file: the default, or for want of one an example. */
  readonly text: string;
  /** What it is for, in one sentence. */
  readonly prose: string;
}

export type Table = Readonly<Record<string, Option>>;

/** What a section with this table gives when nothing in it is wrong. */
export type Values<T extends Table> = {
  readonly [K in keyof T as T[K]['presence'] extends 'optional' ? never : K]: ValueOf<T[K]>;
} & {
  readonly [K in keyof T as T[K]['presence'] extends 'optional' ? K : never]?: ValueOf<T[K]>;
};
type ValueOf<O> = O extends Option<infer T> ? T : never;

function required<T>(parse: Parser<T>, example: string, prose: string): Option<T, 'required'> {
  return { presence: 'required', parse, text: example, prose };
}

function preset<T>(parse: Parser<T>, text: string, prose: string): Option<T, 'default'> {
  return { presence: 'default', parse, text, prose };
}

function optional<T>(parse: Parser<T>, example: string, prose: string): Option<T, 'optional'> {
  return { presence: 'optional', parse, text: example, prose };
}

const digest: Parser<Digest> = (text, context) => {
  const parsed = choice<DigestName>(['sha256', 'sha384', 'sha512', 'sha1'])(text, context);
  return 'value' in parsed ? { value: digests[parsed.value] } : parsed;
};
const form = choice(['clear', 'opaque']);
const signature = choice(['auto', 'rsa-pss']);
const whenUnable = choice(['defer', 'reject', 'pass']);

export const service = {
  listen: preset(
    parseEndpoint,
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
    parseEndpoint,
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
    'Seconds of silence after which a connection, either way, is given up and the mail deferred.',
  ),
  shutdown_timeout: preset(count(0, 86400, 's'), '30', 'Seconds that a shutdown waits for mail in flight.'),
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
    listOf<Fragile>(['calendar', 'tnef']),
    'calendar, tnef',
    'What common clients cannot use once it is signed: calendar (text/calendar, as invitations), tnef (winmail.dat); or none.',
  ),
} as const satisfies Table;

export const journal = {
  debug: preset(yesOrNo, 'no', 'yes tells every step of every message in the debug journal.'),
  debug_file: preset(
    stdoutOrPath,
    'stdout',
    'Where the debug journal goes: stdout, or the absolute path of a file.',
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
    path,
    'webhook.authorization',
    'A file with the Authorization header for it in one line, as in Bearer 0123.',
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
  file: required(path, 'certs/billing.p12', 'PKCS#12 or PEM; paths start at the directory of this file.'),
  key: optional(path, 'certs/billing.key', 'PEM of the private key, where it is not in that file.'),
  chain: optional(
    path,
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
  ...passwords,
} as const satisfies Table;

export const rule = {
  sender: required(
    addressPatterns,
    'billing@example.com, *@invoices.example.com',
    'Whose mail: patterns with * and ?, or /regular expressions/, with commas in between.',
  ),
  match: preset(
    choice(['from', 'envelope']),
    'from',
    'The address that must match: from (the header) or envelope.',
  ),
  certificate: optional(sectionName, 'billing', 'Sign with this certificate,'),
  certificates: optional(sectionName, 'staff', 'or with the one in this directory that names the sender.'),
  sign: preset(
    choice(['always', 'never'], ['by-default', 'on-request']),
    'always',
    'always, or never for senders that a later rule would sign.',
  ),
  digest: optional(digest, 'sha512', 'As in [signing], for this rule alone.'),
  form: optional(form, 'clear', 'As in [signing], for this rule alone.'),
  signature: optional(signature, 'auto', 'As in [signing], for this rule alone.'),
  header_protection: preset(
    yesOrNo,
    'no',
    'yes signs Subject, From, To and the rest of the header too (RFC 9788).',
  ),
  envelope_sender: preset(
    choice(['exact', 'same-domain', 'any']),
    'same-domain',
    'How the envelope sender must agree with From: exact, same-domain or any.',
  ),
  no_certificate: preset(
    whenUnable,
    'defer',
    'Without a certificate for the sender: defer, reject, or pass unsigned.',
  ),
  expired: preset(whenUnable, 'defer', 'With an expired certificate: defer, reject, or pass unsigned.'),
  mismatch: preset(
    choice(['defer', 'reject', 'pass', 'warn', 'allow']),
    'defer',
    'With a certificate that does not name the sender: defer, reject, pass unsigned, or sign with it and warn, or allow it.',
  ),
  failure: preset(
    whenUnable,
    'defer',
    'With a certificate that cannot be used, or a key that does not sign: defer, reject, or pass unsigned.',
  ),
  local_parts: preset(
    choice(['ignore-case', 'exact-case']),
    'ignore-case',
    'How the parts before the @ are compared, of From, envelope sender and certificate.',
  ),
  unsignable: preset(
    choice(['opaque', 'defer', 'reject', 'pass']),
    'opaque',
    'What form = clear would damage (an inner signature with 8-bit text): sign it opaque, defer, reject, or pass unsigned.',
  ),
} as const satisfies Table;

export const exception = {
  recipient: optional(
    addressPatterns,
    '*@docomo.ne.jp, /^.+@.*\\.ezweb\\.ne\\.jp$/',
    'Recipients that get the mail unsigned, written like the senders of a rule.',
  ),
  header: optional(
    headerField,
    'List-Id: *news*',
    'Messages with this header field: its name, and a pattern for its value.',
  ),
  content_type: optional(mediaTypePatterns, 'text/x-vcard', 'Messages of these media types.'),
} as const satisfies Table;
