// Distinguished names: from what people write (RFC 4514) to DER (RFC 5280 §4.1.2.4).
import { objectIdentifier, sequence, setOf, tlv } from '../cms/der.js';
import { inQuotes } from '../printable.js';

/** One attribute of a name, in the order of the encoding: the country first, the common name last. */
export interface Attribute {
  readonly type: string;
  readonly value: string;
}

const utf8 = 0x0c;
const printable = 0x13;
const ia5 = 0x16;

/** Attribute types with identifier, string type and most characters (RFC 5280 appendix A.1). */
const types: Readonly<Record<string, readonly [string, number, number]>> = {
  CN: ['2.5.4.3', utf8, 64],
  SN: ['2.5.4.4', utf8, 40],
  serialNumber: ['2.5.4.5', printable, 64],
  C: ['2.5.4.6', printable, 2],
  L: ['2.5.4.7', utf8, 128],
  ST: ['2.5.4.8', utf8, 128],
  O: ['2.5.4.10', utf8, 64],
  OU: ['2.5.4.11', utf8, 64],
  GN: ['2.5.4.42', utf8, 16],
  organizationIdentifier: ['2.5.4.97', utf8, 256],
  DC: ['0.9.2342.19200300.100.1.25', ia5, 63],
  emailAddress: ['1.2.840.113549.1.9.1', ia5, 255],
};

/** Reads `CN=Billing,O=Example GmbH,C=DE`. @throws Error that says in words what is wrong with it */
export function parseName(text: string): Attribute[] {
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|\\.|[^,\\"])+/g) ?? [];
  if (parts.join(',') !== text || parts.length === 0)
    throw new Error(`${inQuotes(text)} is not a name: write one as in CN=Billing,O=Example GmbH,C=DE`);
  // In RFC 4514 §2.1 the last attribute of the encoding comes first.
  return parts.map(parseAttribute).reverse();
}

function parseAttribute(part: string): Attribute {
  // A blank behind a backslash is part of the value.
  const [, written, raw] = /^\s*([A-Za-z]+)\s*=\s*((?:\\.|[^\\])*?)\s*$/s.exec(part) ?? [];
  if (written === undefined || raw === undefined)
    throw new Error(
      `${inQuotes(part.trim())} is no attribute: write TYPE=value, and a comma in a value as \\,`,
    );
  const type = Object.keys(types).find(name => name.toLowerCase() === written.toLowerCase());
  if (type === undefined)
    throw new Error(`${written} is not a known attribute: there are ${Object.keys(types).join(', ')}`);
  if (raw.replace(/"(?:[^"\\]|\\.)*"|\\./gs, '').includes('+'))
    throw new Error(
      `${inQuotes(part.trim())} has a +, which joins two attributes: write it in a value as \\+`,
    );
  const value = unescape(raw.replace(/^"(.*)"$/s, '$1'));
  const [, string, most] = types[type]!;
  const fits =
    string === utf8
      ? !/[\0-\x1f\x7f]/.test(value)
      : string === ia5
        ? /^[ -~]*$/.test(value)
        : /^[A-Za-z0-9 '()+,./:=?-]*$/.test(value);
  if (value === '' || !fits) throw new Error(`${type}: ${inQuotes(value)} cannot stand there`);
  if (type === 'C' ? !/^[A-Z]{2}$/.test(value) : value.length > most)
    throw new Error(
      type === 'C' ? 'C: write two capital letters, as in DE' : `${type}: at most ${most} characters`,
    );
  return { type, value };
}

/** `\,` is a comma, `\C3\A4` the octets of UTF-8 (RFC 4514 §2.4). */
function unescape(raw: string): string {
  return raw.replace(/(?:\\[0-9A-Fa-f]{2})+|\\(.)/gs, (escapes: string, one?: string) =>
    one === undefined ? Buffer.from(escapes.replaceAll('\\', ''), 'hex').toString('utf8') : one,
  );
}

/** A common name alone, cut where it is too long for one. */
export function commonName(value: string): Attribute[] {
  return [{ type: 'CN', value: value.slice(0, types['CN']![2]) }];
}

/** DER of the Name. */
export function encodeName(attributes: readonly Attribute[]): Buffer {
  return sequence(
    ...attributes.map(({ type, value }) => {
      const [id, string] = types[type]!;
      return setOf(sequence(objectIdentifier(id), tlv(string, Buffer.from(value, 'utf8'))));
    }),
  );
}
