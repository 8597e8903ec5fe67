// What `postseal verify` prints: the report in words, or as JSON.
import { keyTitle } from '../algorithms.js';
import { escaped, printableJson } from '../printable.js';
import type { Certificate } from '../verify/certificate.js';
import type { Report, SignerReport } from '../verify/report.js';
import type { TreePart } from '../verify/tree.js';
import { table } from './table.js';

/** Identifiers that occur in signed attributes, as people call them. */
const titles: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.7.1': 'data',
  '1.2.840.113549.1.9.16.2.11': 'encryption key preference',
  '1.2.840.113549.1.9.16.2.47': 'signingCertificateV2',
  '1.2.840.113549.3.2': 'RC2',
  '1.2.840.113549.3.7': '3DES',
  '1.3.14.3.2.7': 'DES',
  '2.16.840.1.101.3.4.1.2': 'AES-128-CBC',
  '2.16.840.1.101.3.4.1.6': 'AES-128-GCM',
  '2.16.840.1.101.3.4.1.22': 'AES-192-CBC',
  '2.16.840.1.101.3.4.1.42': 'AES-256-CBC',
  '2.16.840.1.101.3.4.1.46': 'AES-256-GCM',
};

const title = (oid: string): string => titles[oid] ?? oid;

export function toText({ structure, checks, signers, verdict }: Report): string {
  const number = (i: number): string => (signers.length > 1 ? ` ${i + 1}` : '');
  const all = [
    ...checks,
    ...signers.flatMap((signer, i) =>
      signer.checks.map(check => ({
        ...check,
        about: signers.length > 1 ? `${i + 1}, ${check.about}` : check.about,
      })),
    ),
  ];
  const rows = all.map(({ result, about, text }) => [result, about, text]);
  const blocks = [
    ...(structure ? [['Structure', ...tree(structure, 1)]] : []),
    ...signers.flatMap((signer, i) => [
      [`Signer${number(i)}`, ...table(signerRows(signer))],
      [`Attributes${number(i)}`, ...table(attributeRows(signer))],
    ]),
    ...(rows.length > 0 ? [['Checks', ...table(rows)]] : []),
    [verdict.text],
  ];
  return `${blocks.map(lines => lines.map(escaped).join('\n')).join('\n\n')}\n`;
}

function tree(part: TreePart, depth: number): string[] {
  const name = part.name === undefined ? '' : ` "${part.name}"`;
  const size = part.parts.length > 0 ? '' : `, ${part.octets} octets`;
  const indent = '  '.repeat(depth);
  return [
    `${indent}${part.type}${name}, ${part.encoding}${size}`,
    ...part.parts.flatMap(child => tree(child, depth + 1)),
    ...(part.more ? [`${indent}  and more, not shown`] : []),
  ];
}

type Row = readonly [string, string];

function signerRows({ certificate, addresses, chain, algorithm }: SignerReport): Row[] {
  if (!certificate) return [['certificate', 'not in the message']];
  const issuers = chain.slice(1).map(c => c.subject);
  return [
    ['subject', certificate.subject],
    ['addresses', addresses.map(a => a.canonical).join(', ') || '(none)'],
    ['serial', certificate.x509.serialNumber],
    ['SHA-256', certificate.x509.fingerprint256],
    ['valid', `${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()}`],
    ['key', keyTitle(certificate.key)],
    ...(algorithm === undefined ? [] : [['signature', algorithm] as const]),
    ...(issuers.length > 0 ? issuers : [certificate.issuer]).map(name => ['issued by', name] as const),
  ];
}

function attributeRows({ attributes, otherAttributes }: SignerReport): Row[] {
  const { contentType, messageDigest, signingTime, capabilities, signingCertificate, algorithmProtection } =
    attributes;
  const rows: (readonly [string, string | undefined])[] = [
    ['contentType', contentType && title(contentType)],
    ['messageDigest', messageDigest?.toString('hex')],
    ['signingTime', signingTime?.toISOString()],
    ['SMIMECapabilities', capabilities?.map(title).join(', ')],
    ['signingCertificate', signingCertificate?.hash.toString('hex')],
    ['CMSAlgorithmProtection', algorithmProtection && 'present'],
    ['others', otherAttributes.map(title).join(', ') || undefined],
  ];
  const present = rows.filter((row): row is Row => row[1] !== undefined);
  return present.length > 0 ? present : [['(none)', '']];
}

export function toJson({ verdict, form, structure, checks, signers }: Report): string {
  const value = {
    verdict: verdict.outcome,
    text: verdict.text,
    form,
    structure,
    checks,
    signers: signers.map(signer => ({
      certificate: signer.certificate && certificateToJson(signer.certificate),
      addresses: signer.addresses.map(a => a.canonical),
      chain: signer.chain.map(certificateToJson),
      algorithm: signer.algorithm,
      attributes: {
        ...signer.attributes,
        messageDigest: signer.attributes.messageDigest?.toString('hex'),
        capabilities: signer.attributes.capabilities,
        signingCertificate: signer.attributes.signingCertificate?.hash.toString('hex'),
        algorithmProtection: signer.attributes.algorithmProtection !== undefined,
        others: signer.otherAttributes,
      },
      checks: signer.checks,
    })),
  };
  return `${printableJson(JSON.stringify(value, undefined, 2))}\n`;
}

function certificateToJson({ x509, subject, issuer, notBefore, notAfter, key }: Certificate): object {
  const { serialNumber, fingerprint256 } = x509;
  return { subject, issuer, serialNumber, fingerprint256, notBefore, notAfter, key: keyTitle(key) };
}
