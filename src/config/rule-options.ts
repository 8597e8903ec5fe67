// The option tables of [rule:NAME] and [exception:NAME].
import { addressPatterns, mediaTypePatterns } from './lists.js';
import { digest, form, optional, preset, required, signature, whenUnable, type Table } from './option.js';
import { choice, headerField, sectionName, sectionNames, sizeOfSome, yesOrNo } from './parsers.js';

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
  certificate: optional(
    sectionNames,
    'billing',
    'Sign with this certificate (of several, with commas in between, with the valid one that expires last),',
  ),
  certificates: optional(sectionName, 'staff', 'or with the one in this directory that names the sender.'),
  sign: preset(
    choice(['always', 'by-default', 'on-request', 'never']),
    'always',
    'always, by-default (unless the request_header says false), on-request (only if it says true), or never for senders that a later rule would sign.',
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
  expired: preset(
    whenUnable,
    'defer',
    'With a certificate that is expired, or not yet valid: defer, reject, or pass unsigned.',
  ),
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
  require_certificate: preset(
    yesOrNo,
    'no',
    'yes treats mail like that also where it is not to be signed, as by-default and on-request have it.',
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
    '*@phones.example.net, /^[0-9]+@.*\\.fax\\.example$/',
    'Recipients that get the mail unsigned, written like the senders of a rule.',
  ),
  header: optional(
    headerField,
    'List-Id: *news*',
    'Messages with this header field: its name, and a pattern for its value.',
  ),
  content_type: optional(mediaTypePatterns, 'text/x-vcard', 'Messages of these media types.'),
  larger_than: optional(
    sizeOfSome,
    '25M',
    'Messages of more bytes, or with K, M or G, where their size is known.',
  ),
  rule: optional(sectionNames, 'invoices, staff', 'Only mail that these rules take; all mail without it.'),
} as const satisfies Table;
