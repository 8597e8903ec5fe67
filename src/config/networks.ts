// Addresses and networks that may connect: `127.0.0.0/8, ::1, [2001:db8::]/32`.
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { withForm, type Parser } from './parsers.js';
import type { Parsed } from './value.js';
import { inQuotes } from '../printable.js';

/** `2001:db8::` with its 32 bits; an address alone has all its bits. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
}

export class Networks {
  readonly #list = new BlockList();

  constructor(readonly members: readonly Network[]) {
    for (const { address, prefix } of members) this.#list.addSubnet(address, prefix, familyOf(address));
  }

  /** @param address as a socket gives it: for BlockList ::ffff:192.0.2.1 is 192.0.2.1 */
  includes(address: string): boolean {
    return this.#list.check(address, familyOf(address));
  }

  /** Whether no other host can have these addresses: 127.0.0.0/8 and ::1. */
  get onlyLoopback(): boolean {
    const isLoopback = ({ address, prefix }: Network): boolean =>
      prefix >= 8 && /^(?:01111111.{24}|0{127}1)$/.test(bitsOf(address));
    return this.members.every(isLoopback);
  }
}

const forms = 'write IP addresses and networks with commas in between, as in 127.0.0.0/8, ::1';

export const networks: Parser<Networks> = withForm('NETWORK, ...', text => {
  const members: Network[] = [];
  for (const item of text.split(',')) {
    const parsed = parseNetwork(item.trim());
    if ('wrong' in parsed) return parsed;
    members.push(parsed.value);
  }
  return { value: new Networks(members) };
});

export function parseNetwork(item: string): Parsed<Network> {
  if (item === '') return { wrong: `an address is missing before or after a comma: ${forms}` };
  const [, bracketed, bare, length] = /^(?:\[([^\]]*)\]|([^/]+))(?:\/(.*))?$/s.exec(item) ?? [];
  const address = bracketed ?? bare ?? '';
  const isV6 = isIPv6(address) && !address.includes('%');
  if (!isV6 && !(bracketed === undefined && isIPv4(address)))
    return { wrong: `${inQuotes(item)} is not an IP address or network: ${forms}` };
  const bits = bitsOf(address);
  const prefix = Number(length ?? bits.length);
  if (!/^\d+$/.test(length ?? '0') || prefix > bits.length)
    return {
      wrong: `${inQuotes(item)}: what is behind the / is not a prefix length from 0 to ${bits.length}`,
    };
  if (!bits.slice(prefix).includes('1')) return { value: { address, prefix } };
  // Postfix does not take it either: one of the two is a mistake.
  const network = addressOf(bits.slice(0, prefix).padEnd(bits.length, '0'));
  const mend = `write ${network}/${prefix}, or ${address} for that address alone`;
  return { wrong: `${inQuotes(item)} is an address within its network: ${mend}` };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}

function bitsOf(address: string): string {
  if (isIPv4(address)) return binary(address.split('.'), 10, 8);
  const [left = [], right = []] = canonical(address)
    .split('::')
    .map(half => half.split(':').filter(group => group !== ''));
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return binary([...left, ...zeros, ...right], 16, 16);
}

function addressOf(bits: string): string {
  if (bits.length === 32)
    return bits
      .match(/.{8}/g)!
      .map(group => parseInt(group, 2))
      .join('.');
  return canonical(
    bits
      .match(/.{16}/g)!
      .map(group => parseInt(group, 2).toString(16))
      .join(':'),
  );
}

/** In hexadecimal throughout, with the longest run of zeros left out. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function binary(groups: readonly string[], radix: number, width: number): string {
  return groups.map(group => parseInt(group, radix).toString(2).padStart(width, '0')).join('');
}
