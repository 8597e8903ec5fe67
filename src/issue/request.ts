// Certificate requests (PKCS#10, RFC 2986).
import type { KeyObject } from 'node:crypto';
import type { Address } from '../address.js';
import { contextConstructed, integer, objectIdentifier, sequence, setOf } from '../cms/der.js';
import { forMail } from './extensions.js';
import { encodeName, type Attribute } from './name.js';
import { publicKeyInfo, signed } from './signed.js';

/** DER of a request for a certificate that signs mail of these addresses. */
export function certificateRequest(
  subject: readonly Attribute[],
  addresses: readonly Address[],
  key: KeyObject,
): Buffer {
  const extensions = sequence(...forMail(addresses));
  const extensionRequest = sequence(objectIdentifier('1.2.840.113549.1.9.14'), setOf(extensions)); // RFC 2985 §5.4.2
  const info = sequence(
    integer(0),
    encodeName(subject),
    publicKeyInfo(key),
    contextConstructed(0, extensionRequest),
  );
  return signed(info, key);
}
