// A password in the octets that makers of files turn it into. They do not agree where it is not ASCII or is empty.
import { Fault } from './fault.js';

/** One reading of a password. */
export interface Password {
  /** For PKCS#12's own key derivation: UTF-16 with a final NUL, or nothing for the missing password. */
  readonly bmp: Buffer;
  /** For all other derivations (RFC 8018 §3, RFC 9579). */
  readonly octets: Buffer;
}

/** Every reading that is known to be in use; first that of RFC 7292 appendix B.1 and RFC 8018 §3. */
export function readings(password: string | undefined): Password[] {
  const none = Buffer.alloc(0);
  // The missing and the empty password differ, and people cannot know which one the maker took.
  if (password === undefined || password === '') {
    return [
      { bmp: bmpString(''), octets: none },
      { bmp: none, octets: none },
    ];
  }
  const [bmp, octets] = [bmpString(password), Buffer.from(password, 'utf8')];
  const found = [
    { bmp, octets },
    { bmp, octets: bmp }, // NSS of old: UTF-16 for PBES2 too (its NSS_PKCS12_DECODE_FORCE_UNICODE)
  ];
  if (/^[\0-\x7f]*$/.test(password)) return found;
  // OpenSSL on a Latin-1 terminal.
  if (/^[\0-\xff]*$/.test(password)) found.push({ bmp, octets: Buffer.from(password, 'latin1') });
  // OpenSSL before 1.1: each octet of UTF-8 became a character.
  found.push({ bmp: bmpString(octets.toString('latin1')), octets });
  return found;
}

/** Opens something by the first reading that does. @throws what `open` threw last */
export async function tryReadings<T>(
  password: string | undefined,
  open: (reading: Password) => Promise<T>,
): Promise<T> {
  let wrong: unknown;
  for (const reading of readings(password)) {
    try {
      return await open(reading);
    } catch (error) {
      if (!(error instanceof Fault) || error.about !== 'password') throw error;
      wrong = error;
    }
  }
  throw wrong;
}

function bmpString(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le').swap16();
}
