// Reads PEM (RFC 7468, and RFC 1421 for encrypted keys of old) into keys and certificates.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import * as asn1 from '../asn1.js';
import { Fault } from './fault.js';
import { foreignLabel } from './foreign.js';
import { newBudget, unknown, type Budget } from './kdf.js';
import { damagedKey, readCertificate, readKey } from './keys.js';
import type { Material } from './material.js';
import { tryReadings } from './passwords.js';
import { passwordIsWrong } from './pbe.js';
import { decryptKey } from './pkcs12.js';
import { inQuotes } from '../printable.js';

interface Block {
  readonly label: string;
  /** The lines between the boundaries, RFC 1421 headers included. */
  readonly lines: readonly string[];
}

/** Whether there is a PEM block in it. */
export function isPem(text: string): boolean {
  return /^\s*-----BEGIN .+-----\s*$/m.test(text);
}

/**
 * Reads every block, in any order; text around them is skipped.
 * @throws Fault, with the certificates where it is a key that cannot be read
 */
export async function readPem(text: string, password: string | undefined, path: string): Promise<Material> {
  const material: Material = { keys: [], certificates: [], foreign: [] };
  const keys: Block[] = [];
  for (const block of blocks(text)) {
    const foreign = foreignLabel(block.label, path);
    if (foreign) material.foreign.push(foreign);
    else if (/^(?:X509 |TRUSTED )?CERTIFICATE$/.test(block.label)) {
      material.certificates.push(readCertificate(armour(block)));
    } else if (block.label.endsWith('PRIVATE KEY')) keys.push(block);
  }
  const budget = newBudget();
  for (const block of keys) {
    const key = await readPemKey(block, password, budget).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(error.message, error.about, material.certificates);
    });
    // The same key twice is no contradiction.
    if (!material.keys.some(k => k.equals(key))) material.keys.push(key);
  }
  return material;
}

/** Splits into blocks, in one pass over the lines. @throws Fault for a block without its end */
function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const boundary = /^-----(BEGIN|END) ([ -~]+)-----$/.exec(line); // a label is ASCII (RFC 7468 §3)
    if (boundary?.[1] === 'BEGIN') {
      if (open) break;
      open = { label: boundary[2]!, lines: [] };
    } else if (boundary) {
      if (!open || open.label !== boundary[2]) throw new Fault(`has ${inQuotes(line)} without its beginning`);
      found.push(open);
      open = undefined;
    } else open?.lines.push(line);
  }
  if (open) throw new Fault(`is cut short: ${inQuotes(`BEGIN ${open.label}`)} has no end`);
  return found;
}

async function readPemKey(block: Block, password: string | undefined, budget: Budget): Promise<KeyObject> {
  const bytes = Buffer.from(block.lines.join(''), 'base64');
  const traditional = block.lines.some(line => line.startsWith('Proc-Type:') && line.includes('ENCRYPTED'));
  if (block.label === 'PRIVATE KEY') return readKey(bytes);
  if (block.label !== 'ENCRYPTED PRIVATE KEY' && !traditional) return readTraditional(block);
  if (password === undefined) {
    throw new Fault('its private key is encrypted; name the password with "password_file ="', 'password');
  }
  if (traditional) return decryptTraditional(block, password);
  // Not by createPrivateKey: that derives the key on the main thread, whatever the rounds.
  const der = await tryReadings(password, async reading =>
    decryptKey(asn1.parse(bytes), reading, budget),
  ).catch((error: unknown) => {
    throw error instanceof Fault ? error : damagedKey();
  });
  return readKey(der);
}

/** PKCS#1 and SEC1. */
function readTraditional(block: Block): KeyObject {
  try {
    return createPrivateKey(armour(block));
  } catch {
    throw damagedKey();
  }
}

/** RFC 1421 §4.6.1.3 as OpenSSL has it: MD5, one round. */
function decryptTraditional(block: Block, password: string): KeyObject {
  try {
    return createPrivateKey({ key: armour(block), passphrase: password });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_OSSL_EVP_UNSUPPORTED') throw passwordIsWrong();
    const cipher = block.lines.find(line => line.startsWith('DEK-Info:')) ?? '';
    throw unknown('cipher', cipher.replace(/^DEK-Info:\s*|,.*$/g, ''));
  }
}

/** PEM once more, its base64 in lines of 64: OpenSSL gives up at 255, and some tools break no lines at all. */
function armour({ label, lines }: Block): string {
  const headers = lines.some(line => line.includes(':'));
  const body = headers ? lines : (lines.join('').match(/.{1,64}/g) ?? []);
  return `-----BEGIN ${label}-----\n${body.join('\n')}\n-----END ${label}-----\n`;
}
