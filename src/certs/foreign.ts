// What people hand in instead of a certificate with its key: named, each with the way to mend it.
import * as asn1 from '../asn1.js';
import { quoted } from '../printable.js';
import { beside, Fault } from './fault.js';

/** A thing that is recognised but of no use. */
export interface Foreign {
  readonly what: string;
  /** What to do about it, where there is more to say than what is missing. */
  readonly mend?: string;
}

type Mendable = Required<Foreign>;

const pkcs7 = '1.2.840.113549.1.7.2';

/** What a PEM label stands for; undefined for one that may simply be ignored, such as parameters. */
export function foreignLabel(label: string, path: string): Foreign | undefined {
  const use = 'use the certificate and the key that it was requested with';
  if (label.endsWith('CERTIFICATE REQUEST')) return request;
  if (label === 'PKCS7' || label === 'CMS') return bundle(path, '');
  if (label === 'PKCS12') {
    const command = `grep -v -e ----- ${quoted(path)} | openssl base64 -d -out ${beside(path, '.p12')}`;
    return { what: 'PKCS#12 wrapped in PEM', mend: `unwrap it with "${command}"` };
  }
  if (label.startsWith('OPENSSH ') || label.startsWith('SSH2 ')) return { what: 'an SSH key', mend: use };
  if (label.startsWith('PGP ')) return { what: 'OpenPGP data', mend: `S/MIME is not OpenPGP; ${use}` };
  if (label.endsWith('PUBLIC KEY')) return { what: 'a public key', mend: use };
  if (label === 'X509 CRL') return { what: 'a revocation list (CRL)', mend: use };
  return undefined;
}

const request: Mendable = {
  what: 'a certificate request (CSR)',
  mend: 'send it to a certificate authority and use the certificate that comes back',
};

function bundle(path: string, form: string): Mendable {
  const command = `openssl pkcs7 ${form}-in ${quoted(path)} -print_certs -out ${beside(path, '.pem')}`;
  return { what: 'a PKCS#7 bundle', mend: `unpack it with "${command}" and add the private key` };
}

/** The words for a file that is neither PEM, nor PKCS#12, nor a certificate. */
export function foreignFile(bytes: Buffer, path: string): Fault {
  const text = bytes.subarray(0, 4096).toString('latin1');
  if (text.trim() === '') return new Fault('is empty');
  // Windows' editors and PowerShell's redirections write UTF-16.
  if (/^(?:\xff\xfe|\xfe\xff)/.test(text)) {
    const command = `iconv -f UTF-16 -t UTF-8 ${quoted(path)} > ${beside(path, '.pem')}`;
    return new Fault(`is text in UTF-16; convert it with "${command}"`);
  }
  if (/^(?:\xfe\xed\xfe\xed|\xce\xce\xce\xce)/.test(text)) {
    const target = `-destkeystore ${beside(path, '.p12')} -deststoretype PKCS12`;
    const command = `keytool -importkeystore -srckeystore ${quoted(path)} ${target}`;
    return new Fault(`is a Java key store; convert it with "${command}"`);
  }
  if (/^(?:ssh-|ecdsa-sha2-)\S+ |^---- BEGIN SSH2 /.test(text)) {
    return new Fault('is an SSH public key; S/MIME needs a certificate and its private key');
  }
  if (text.startsWith('PuTTY-User-Key-File-'))
    return new Fault('is an SSH key of PuTTY; S/MIME needs a certificate and its private key');
  if (/^PK\x03\x04/.test(text)) return new Fault(`is a ZIP archive; unpack it with "unzip ${quoted(path)}"`);
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(text))
    return new Fault('is a web page or XML, not a certificate; download it again, perhaps after a login');
  if (/^MI[\w+/=\s]+$/.test(text)) {
    const command = `openssl base64 -d -in ${quoted(path)} -out ${beside(path, '.p12')}`;
    return new Fault(`is bare base64; if it is PKCS#12, decode it with "${command}"`);
  }
  const der = foreignDer(bytes, path);
  if (!der) return new Fault('is neither PEM nor PKCS#12');
  return new Fault(`is ${der.what}; ${der.mend}`);
}

const publicKey: Mendable = {
  what: 'a public key',
  mend: 'use the certificate and the key that it was requested with',
};

function foreignDer(bytes: Buffer, path: string): Mendable | undefined {
  if (bytes[0] !== 0x30) return undefined;
  const target = `-inform DER -in ${quoted(path)} -out ${beside(path, '.pem')}`;
  try {
    const [first, second] = asn1.children(asn1.parse(bytes));
    if (asn1.isOid(first)) return asn1.oid(first) === pkcs7 ? bundle(path, '-inform DER ') : undefined;
    // PKCS#8, PKCS#1 and SEC1 begin with version 0 or 1; an encrypted PKCS#8 with an algorithm (RFC 5958 §2, §3).
    const version = asn1.isInteger(first) ? asn1.integer(first) : undefined;
    if (version === 0 || version === 1 || asn1.isOctetString(second)) {
      return { what: 'a private key in DER', mend: `convert it with "openssl pkey ${target}"` };
    }
    // SubjectPublicKeyInfo begins with its algorithm (RFC 5280 §4.1), CertificationRequestInfo with its version
    // (RFC 2986 §4.1).
    const [inner] = asn1.children(first);
    if (asn1.isOid(inner)) return publicKey;
    return asn1.isInteger(inner) ? request : undefined;
  } catch {
    return { what: 'DER that is damaged or cut short', mend: 'copy it again from where it came' };
  }
}
