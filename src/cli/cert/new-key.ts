// New keys, of the kinds that certificate authorities and mail clients take.
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { parseAddress, usageError } from '../arguments.js';
import type { Address } from '../../address.js';
import { inQuotes } from '../../printable.js';

const generate = promisify(generateKeyPair);

const makers = {
  'rsa-2048': () => rsa(2048),
  'rsa-3072': () => rsa(3072),
  'rsa-4096': () => rsa(4096),
  p256: () => ec('P-256'),
  p384: () => ec('P-384'),
} as const satisfies Record<string, () => Promise<KeyObject>>;

type Algorithm = keyof typeof makers;

export const algorithms = Object.keys(makers) as Algorithm[];

async function rsa(modulusLength: number): Promise<KeyObject> {
  return (await generate('rsa', { modulusLength })).privateKey;
}

async function ec(namedCurve: string): Promise<KeyObject> {
  return (await generate('ec', { namedCurve })).privateKey;
}

export function newKey(algorithm: Algorithm): Promise<KeyObject> {
  return makers[algorithm]();
}

/** @throws CommandError (64) */
export function readAlgorithm(command: string, text: string): Algorithm {
  const known = algorithms.find(name => name === text);
  if (!known) throw usageError(command, `--algorithm: ${inQuotes(text)} is none of ${algorithms.join(', ')}`);
  return known;
}

/** Those of --address, each once. @throws CommandError (64) */
export function readAddresses(command: string, texts: readonly string[] = []): Address[] {
  const addresses = texts.map(parseAddress);
  const bare = addresses.find(a => a.domain === '');
  if (bare || addresses.length === 0)
    throw usageError(
      command,
      bare ? `--address: ${inQuotes(bare.text)} has no domain` : 'name whom it is for: --address ADDRESS',
    );
  return [...new Map(addresses.map(a => [a.key, a])).values()];
}

/** PKCS#8, not encrypted. */
export function keyToPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
