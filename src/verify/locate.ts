// Finds the signed octets and the SignedData in a message, clear or opaque (RFC 1847 §2.1, RFC 8551 §3.5).
import { readSignedData, type SignedData } from '../cms/read-signed-data.js';
import { decodeBody } from '../mime/decode.js';
import { contentType, first, parseParameters, splitParameters, trim, type Field } from '../mime/header.js';
import { inspect } from '../mime/octets.js';
import { describe, type Part } from '../mime/part.js';
import { digestOf } from './algorithms.js';
import type { Checks } from './report.js';
import { splitHeader, splitMultipart, type Multipart } from './split.js';
import { isOpaque } from './tree.js';

/** What is missing or cannot be read is undefined, and a check says why. */
export interface Located {
  readonly form: 'clear' | 'opaque';
  readonly signed?: Buffer | undefined;
  readonly signedData?: SignedData | undefined;
}

/** What a message is that is not signed, in words. */
export interface Unsigned {
  readonly form: 'none';
  readonly why: string;
}

/** More parts than these are not counted. */
const countedParts = 20;

/** @throws Failure `header-too-large` */
export function locate(fields: readonly Field[], body: Buffer, checks: Checks): Located | Unsigned {
  const root = describe(fields, undefined, 0);
  const found =
    root.mediaType === 'multipart/signed'
      ? clear(root, body, checks)
      : isOpaque(root.mediaType)
        ? opaque(root, body, checks)
        : { form: 'none' as const, why: `the message is ${root.mediaType}` };
  checkRepeats('the message', fields, checks);
  if (found.form !== 'none' && found.signed)
    checkRepeats('the signed part', splitHeader(found.signed).fields, checks);
  if (!first(fields, 'mime-version'))
    checks.warning('message', 'MIME-Version', 'missing: some clients then see no MIME at all (RFC 2045 §4)');
  return found;
}

function opaque({ encoding }: Part, body: Buffer, checks: Checks): Located | Unsigned {
  const read = readCms('the CMS', decodeBody(body, encoding), checks);
  if (!read) return { form: 'opaque' };
  if ('other' in read) return { form: 'none', why: `the message is ${read.other}` };
  const { content, signers } = read;
  if (!content && signers.length === 0) return { form: 'none', why: 'the message holds certificates only' };
  if (!content)
    checks.bad('message', 'content', 'the signature is detached, and what it is over is not here');
  else if (inspect(content, true).hard === 'bare LF')
    checks.warning('message', 'content', 'the signed part has bare LF for line ends (RFC 8551 §3.1.1)');
  return { form: 'opaque', signed: content, signedData: read };
}

function clear({ fields, boundary }: Part, body: Buffer, checks: Checks): Located | Unsigned {
  const parameters = contentType(fields)?.parameters;
  const split = boundary && splitMultipart(body, boundary, countedParts);
  if (!split) checks.bad('message', 'structure', 'multipart/signed without a boundary that can be read');
  else checkStructure(split, checks);
  const [signed, second] = split?.parts ?? [];
  if (!signed || !second) return { form: 'clear', signed };
  checkSevenBit(signed, checks);
  const { fields: secondFields, body: secondBody } = splitHeader(second);
  const { mediaType: type, encoding } = describe(secondFields, undefined, 0);
  if (type === 'application/pgp-signature')
    return { form: 'none', why: 'the message is signed with OpenPGP, not with S/MIME' };
  checkRepeats('the signature part', secondFields, checks);
  checkSignaturePart(type, parameters?.get('protocol')?.toLowerCase(), checks);
  const read = readCms('the signature', decodeBody(secondBody, encoding), checks);
  if (!read) return { form: 'clear', signed };
  if ('other' in read) {
    checks.bad('message', 'signature part', `the signature part is ${read.other}`);
    return { form: 'clear', signed };
  }
  checkMicalg(parameters?.get('micalg'), read, checks);
  if (read.content?.equals(signed))
    checks.warning('message', 'content', 'the signature part holds the signed part a second time');
  else if (read.content)
    checks.bad('message', 'content', 'the signature part holds other content than the signed part');
  return { form: 'clear', signed, signedData: read };
}

function readCms(name: string, bytes: Buffer, checks: Checks): ReturnType<typeof readSignedData> | undefined {
  try {
    const read = readSignedData(bytes);
    if (!('other' in read) && read.contentType !== '1.2.840.113549.1.7.1')
      checks.warning('message', 'content type', `${read.contentType}, S/MIME has data (RFC 8551 §2.4.1)`);
    return read;
  } catch {
    const why = bytes.length === 0 ? 'is empty' : 'cannot be read: it is damaged or cut short';
    checks.bad('message', 'CMS', `${name} ${why}`);
    return undefined;
  }
}

function checkStructure({ parts, more, closed }: Multipart, checks: Checks): void {
  const number = more ? `more than ${parts.length}` : String(parts.length);
  if (parts.length !== 2)
    checks.bad(
      'message',
      'structure',
      `multipart/signed with ${number} parts instead of two (RFC 1847 §2.1)`,
    );
  else if (!closed)
    checks.bad('message', 'structure', 'the closing delimiter is missing: the message was cut short');
  else checks.ok('message', 'structure', 'two parts');
}

function checkSignaturePart(type: string, protocol: string | undefined, checks: Checks): void {
  if (!/^application\/(?:x-)?pkcs7-signature$/.test(type))
    checks.bad('message', 'signature part', `the second part is ${type}, not application/pkcs7-signature`);
  else if (protocol !== type) {
    const said = protocol === undefined ? 'is missing' : `says ${protocol}`;
    const text = `the protocol parameter ${said}, the signature part is ${type} (RFC 1847 §2.1)`;
    checks.warning('message', 'protocol', text);
  }
}

/** Some clients hash as the header says before they have seen the signature (RFC 8551 §3.5.3.2). */
function checkMicalg(said: string | undefined, { signers }: SignedData, checks: Checks): void {
  const used = [...new Set(signers.map(s => digestOf(s.digestAlgorithm.oid)?.micalg ?? 'unknown'))];
  // Older software leaves the hyphen out.
  const plain = (names: readonly string[]): string =>
    names
      .map(name => name.toLowerCase().replace(/[\s-]/g, ''))
      .sort()
      .join(',');
  if (said === undefined) checks.warning('message', 'micalg', 'the micalg parameter is missing');
  else if (plain(said.split(',')) === plain(used)) checks.ok('message', 'micalg', said);
  else checks.warning('message', 'micalg', `says ${said}, the digest is ${used.join(', ')}`);
}

/** Told once for the whole part. In a message inside the message the signer leaves what relays may change. */
function checkSevenBit(signed: Buffer, checks: Checks): void {
  const { hard, soft } = inspect(signed, true);
  const troubles = [hard, soft].filter(trouble => trouble !== undefined).join(', ');
  if (troubles === '')
    checks.ok('message', 'signed part', '7-bit, and nothing that a relay is known to change');
  else {
    const who = hard === undefined ? 'a few relays change it, most do not' : 'a relay may change it';
    checks.warning('message', 'signed part', `${troubles}: ${who} (RFC 8551 §3.1.3, §3.1.4)`);
  }
}

/** Of what comes twice some readers take the first, and some the last: they see another message. */
function checkRepeats(where: string, fields: readonly Field[], checks: Checks): void {
  for (const name of ['Content-Type', 'Content-Transfer-Encoding']) {
    const count = fields.filter(f => f.name === name.toLowerCase()).length;
    if (count > 1)
      checks.warning('message', name, `${count} of them in ${where}: readers differ on which counts`);
  }
  const body = first(fields, 'content-type')?.body ?? '';
  const { ambiguous } = parseParameters(body);
  const names = splitParameters(body).map(piece => trim(piece.split('=', 1)[0]!).toLowerCase());
  for (const name of ['boundary', 'protocol', 'micalg'])
    if (ambiguous.has(name) || names.filter(n => n === name).length > 1)
      checks.warning('message', name, `more than one of them in ${where}: readers differ on which counts`);
}
