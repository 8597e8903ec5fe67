// Reads PEM (RFC 7468, and RFC 1421 for encrypted keys of old) into keys and certificates.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import * as asn1 from './asn1.js';
import { Fault } from './fault.js';
import { foreignLabel, type Foreign } from './foreign.js';
import { readCertificate, readKey } from './keys.js';
import { maximumRounds } from './pbe.js';
import { decryptKey, type Material } from './pkcs12.js';

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
 * @throws Fault
 */
export async function readPem(
  text: string,
  password: string | undefined,
  path: string,
): Promise<Material & { foreign: Foreign[] }> {
  const material: Material & { foreign: Foreign[] } = { keys: [], certificates: [], foreign: [] };
  for (const block of blocks(text)) {
    const foreign = foreignLabel(block.label, path);
    if (foreign) material.foreign.push(foreign);
    else if (/^(?:X509 |TRUSTED )?CERTIFICATE$/.test(block.label)) {
      material.certificates.push(readCertificate(armour(block)));
    } else if (block.label.endsWith('PRIVATE KEY')) {
      const key = await readPemKey(block, password);
      // The same key twice is no contradiction.
      if (!material.keys.some(k => k.equals(key))) material.keys.push(key);
    }
  }
  return material;
}

/** Splits into blocks, in one pass over the lines. @throws Fault for a block without its end */
function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const boundary = /^-----(BEGIN|END) (.+)-----$/.exec(line);
    if (boundary?.[1] === 'BEGIN') {
      if (open) break;
      open = { label: boundary[2]!, lines: [] };
    } else if (boundary) {
      if (!open || open.label !== boundary[2]) throw new Fault(`has "${line}" without its beginning`);
      found.push(open);
      open = undefined;
    } else open?.lines.push(line);
  }
  if (open) throw new Fault(`is cut short: "BEGIN ${open.label}" has no end`);
  return found;
}

async function readPemKey(block: Block, password: string | undefined): Promise<KeyObject> {
  const traditional = block.lines.some(line => line.startsWith('Proc-Type:') && line.includes('ENCRYPTED'));
  if (block.label !== 'ENCRYPTED PRIVATE KEY' && !traditional) {
    return attempt(() => createPrivateKey(armour(block)));
  }
  if (password === undefined) {
    throw new Fault('its private key is encrypted; name the password with "password_file ="', 'password');
  }
  if (!traditional) {
    const node = attempt(() => asn1.parse(Buffer.from(block.lines.join(''), 'base64')));
    // Not by createPrivateKey: that derives the key on the main thread, whatever the rounds.
    const der = await decryptKey(node, password, { rounds: maximumRounds }).catch((error: unknown) => {
      throw error instanceof Fault ? error : damagedKey();
    });
    return readKey(der);
  }
  try {
    return createPrivateKey({ key: armour(block), passphrase: password });
  } catch {
    throw new Fault('the password does not open it', 'password');
  }
}

/** PEM once more, its base64 in lines of 64: OpenSSL gives up at 255, and some tools break no lines at all. */
function armour({ label, lines }: Block): string {
  const headers = lines.some(line => line.includes(':'));
  const body = headers ? lines : (lines.join('').match(/.{1,64}/g) ?? []);
  return `-----BEGIN ${label}-----\n${body.join('\n')}\n-----END ${label}-----\n`;
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw damagedKey();
  }
}

function damagedKey(): Fault {
  return new Fault('holds a private key that is damaged or of an unknown kind');
}
