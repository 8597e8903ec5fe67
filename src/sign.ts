// Signatures by private keys, without holding up the mail.
import { sign, type KeyObject, type SignKeyObjectInput } from 'node:crypto';
import { promisify } from 'node:util';

const signInPool = promisify<string | null, Buffer, SignKeyObjectInput, Buffer>(sign);

/**
 * An RSA key signs in a thread of libuv's pool, and the main thread goes on moving mail. The way there and back
 * takes longer than a signature on P-256 or by Ed25519: those are made here.
 * @param digest undefined where the algorithm has its own
 * @throws Error of OpenSSL
 */
export async function signWith(
  input: SignKeyObjectInput,
  digest: string | undefined,
  data: Buffer,
): Promise<Buffer> {
  return isQuick(input.key) ? sign(digest, data, input) : signInPool(digest ?? null, data, input);
}

function isQuick(key: KeyObject): boolean {
  return (
    key.asymmetricKeyType === 'ed25519' ||
    (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1')
  );
}
