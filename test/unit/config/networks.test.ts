// Who may connect: which addresses a list lets in, and which lists are mistakes.
import { describe, expect, test } from 'vitest';
import { networks, type Networks } from '../../../src/config/networks.js';

function list(text: string): Networks {
  const parsed = networks(text, { directory: '/' });
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return parsed.value;
}

describe('a list', () => {
  test.each([
    [
      '127.0.0.0/8',
      ['127.0.0.1', '127.255.255.255', '::ffff:127.0.0.1'],
      ['128.0.0.1', '126.255.255.255', '::1'],
    ],
    ['192.0.2.7', ['192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207'], ['192.0.2.6', '192.0.2.8']],
    ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127', '192.0.3.128']],
    ['192.0.2.7/32', ['192.0.2.7'], ['192.0.2.6']],
    ['0.0.0.0/0', ['192.0.2.7', '::ffff:192.0.2.7'], ['::1', '2001:db8::1']],
    ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['::2', '127.0.0.1', '0.0.0.1']],
    ['[::1]', ['::1'], ['::2']],
    ['2001:db8::/32', ['2001:db8::', '2001:DB8:ffff::1'], ['2001:db9::1', '192.0.2.7']],
    ['[2001:db8::]/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1']],
    ['fe80::/10', ['fe80::1', 'fe80::1%eth0', 'febf::1'], ['fec0::1']],
    ['::ffff:192.0.2.7', ['192.0.2.7', '::ffff:192.0.2.7'], ['192.0.2.8']],
    ['192.0.2.7 ,::1,  10.0.0.0/8', ['192.0.2.7', '::1', '10.1.2.3'], ['11.0.0.0']],
  ])('%s', (text, inside, outside) => {
    const clients = list(text);
    expect([...inside, ...outside].filter(address => clients.includes(address))).toEqual(inside);
  });

  test('lets nobody in whose address cannot be read', () => {
    const all = list('0.0.0.0/0, ::/0');
    expect(['', 'unix', '192.0.2', 'mail.example.com'].filter(address => all.includes(address))).toEqual([]);
  });
});

describe('addresses of this host alone', () => {
  test.each(['127.0.0.0/8, ::1', '127.0.0.53', '127.128.0.0/9', '[::1]/128'])('%s', text => {
    expect(list(text).onlyLoopback).toBe(true);
  });

  test.each(['127.0.0.1, 192.0.2.7', '126.0.0.0/7', '::/127', '::1, ::2', '0.0.0.0/0'])('not %s', text => {
    expect(list(text).onlyLoopback).toBe(false);
  });
});

describe('refused', () => {
  const notAnAddress = /^"[^"]*" is not an IP address or network: write IP addresses and networks /;
  test.each([
    ...['localhost', '*', '127', '127.1', '127.0.0', '010.0.0.1', '256.0.0.1', '127.*', '0x7f.0.0.1'],
    ...['127.0.0.1:10025', '[127.0.0.1]', '127.0.0.0-127.0.0.9', '!127.0.0.1', '127.0.0.1;::1'],
    ...['::g', '[::1', '::1]', '[]', '[::1]:10025', 'fe80::1%eth0', '/8', '127.0.0.1 ::1', 'unix:/run/x'],
  ])('%s', text => {
    expect(networks(text, { directory: '/' })).toEqual({
      wrong: expect.stringMatching(notAnAddress) as string,
    });
  });

  test.each([
    ...['127.0.0.0/', '127.0.0.0/-1', '127.0.0.0/33', '127.0.0.0/8.0', '127.0.0.0/255.0.0.0', '127.0.0.0/ 8'],
    ...['127.0.0.0/8/8', '127.0.0.0/0x8', '::/129', '[::]/x'],
  ])('%s, for its prefix length', text => {
    const bits = text.includes(':') ? 128 : 32;
    const wrong = `"${text}": what is behind the / is not a prefix length from 0 to ${bits}`;
    expect(networks(text, { directory: '/' })).toEqual({ wrong });
  });

  test.each([
    ['127.0.0.1/8', '127.0.0.0/8', '127.0.0.1'],
    ['192.0.2.7/0', '0.0.0.0/0', '192.0.2.7'],
    ['192.0.2.255/31', '192.0.2.254/31', '192.0.2.255'],
    ['2001:db8::1/64', '2001:db8::/64', '2001:db8::1'],
    ['[1:2:3:4:5:6:7:8]/20', '1::/20', '1:2:3:4:5:6:7:8'],
    ['::ffff:192.0.2.7/120', '::ffff:c000:200/120', '::ffff:192.0.2.7'],
  ])('%s, for its host bits', (text, network, address) => {
    const wrong = `"${text}" is an address within its network: write ${network}, or ${address} for that address alone`;
    expect(networks(text, { directory: '/' })).toEqual({ wrong });
    expect(list(network).includes(address)).toBe(true);
  });

  test.each(['', ',', '::1,', ',::1', '::1,,127.0.0.1'])('%j, for what is missing', text => {
    expect(networks(text, { directory: '/' })).toEqual({
      wrong: expect.stringMatching(/^an address is missing/) as string,
    });
  });
});
