// The header that was signed along with the payload (RFC 9788), beside the one outside, which anybody can change.
import { contentType, type Field } from '../mime/header.js';
import { protectedHeader } from '../mime/header-protection.js';
import { mailboxesOf } from '../mime/mailboxes.js';
import { charsetOf } from '../mime/octets.js';
import type { Checks } from './report.js';

/** What clients show: a signer that protects the header protects these, and one that is only outside was added. */
const shown = ['from', 'sender', 'reply-to', 'to', 'cc', 'subject', 'date'];

/**
 * The fields that tell who wrote the message and when: the protected ones where there are any.
 * @param outside the top header
 * @param inside the header of the signed part
 */
export function trustedHeader(
  outside: readonly Field[],
  inside: readonly Field[],
  checks: Checks,
): readonly Field[] {
  if (contentType(inside)?.parameters.get('hp') === undefined) return outside;
  const fields = protectedHeader(inside).filter(({ name }) => !name.startsWith('content-'));
  const names = new Set([...fields.map(({ name }) => name), ...shown]);
  const changed = [...names].filter(name => texts(fields, name) !== texts(outside, name));
  for (const name of changed) {
    const [now, signed] = [texts(outside, name) || '(none)', texts(fields, name) || '(none)'];
    const text = `${name} outside is ${now}, signed was ${signed}`;
    if (name === 'from' && addresses(fields) !== addresses(outside)) checks.bad('sender', 'From', text);
    else checks.warning('message', 'header', text);
  }
  if (changed.length === 0)
    checks.ok(
      'message',
      'header',
      `header protected: ${fields.length} fields, and outside they are the same`,
    );
  else checks.warning('message', 'header', `header protected, and changed outside: ${changed.join(', ')}`);
  return fields;
}

const addresses = (fields: readonly Field[]): string =>
  JSON.stringify(mailboxesOf(fields, 'from')?.map(mailbox => mailbox.key));

/** As a reader sees them: the signer may have encoded and folded its copy anew. */
function texts(fields: readonly Field[], name: string): string {
  return fields
    .filter(f => f.name === name)
    .map(shownText)
    .join(' | ');
}

function shownText({ raw }: Field): string {
  const body = raw.subarray(raw.indexOf(':') + 1);
  return withoutEncodedWords(new TextDecoder(charsetOf(body)).decode(body))
    .replace(/[\0\s]+/g, ' ')
    .replace(/["\\]/g, '')
    .trim();
}

/** RFC 2047 §2; white space between two of them is not shown (§6.2). */
function withoutEncodedWords(text: string): string {
  return text
    .replace(/(\?=)\s+(?==\?)/g, '$1')
    .replace(
      /=\?([^?*\s]+)[^?\s]*\?([bq])\?([^?\s]*)\?=/gi,
      (word, charset: string, by: string, data: string) => {
        const octets =
          by.toLowerCase() === 'b'
            ? Buffer.from(data, 'base64')
            : Buffer.from(
                data
                  .replaceAll('_', ' ')
                  .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
                'latin1',
              );
        try {
          return new TextDecoder(charset).decode(octets);
        } catch {
          return word; // a charset that nobody knows
        }
      },
    );
}
