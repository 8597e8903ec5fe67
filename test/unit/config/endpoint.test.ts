// Endpoints, and when two of them are the same.
import { expect, test } from 'vitest';
import type { Endpoint } from '../../../src/config/config.js';
import { isSameEndpoint, parseEndpoint } from '../../../src/config/endpoint.js';

function endpoint(text: string): Endpoint {
  const parsed = parseEndpoint(text);
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return parsed.value;
}

test.each([
  ['127.0.0.1:1', { kind: 'tcp', host: '127.0.0.1', port: 1 }],
  ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65535 }],
  ['mail-1.example.com:25', { kind: 'tcp', host: 'mail-1.example.com', port: 25 }],
  ['unix:/run/postseal/in.sock', { kind: 'unix', path: '/run/postseal/in.sock' }],
])('%s', (text, want) => {
  expect(endpoint(text)).toEqual(want);
});

test.each([
  '',
  ':25',
  '25',
  'localhost',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1:1e3',
  '127.1:25',
  '256.0.0.1:25',
  '::1:25',
  '[::1]',
  '[127.0.0.1]:25',
  '-a:25',
  'a..b:25',
  'unix:',
  'unix:in.sock',
  `unix:/${'x'.repeat(107)}`,
])('refused: %s', text => {
  expect(parseEndpoint(text)).toHaveProperty('wrong');
});

test.each([
  ['127.0.0.1:25', '127.0.0.1:25', true],
  ['127.0.0.1:25', '127.0.0.1:26', false],
  ['127.0.0.1:25', 'LOCALHOST:25', true],
  ['127.0.0.1:25', '192.0.2.1:25', false],
  ['0.0.0.0:25', '127.0.0.1:25', true],
  ['0.0.0.0:25', '192.0.2.1:25', false],
  ['[::]:25', '127.0.0.1:25', true],
  ['[::1]:25', '127.0.0.1:25', false],
  ['unix:/a', 'unix:/a', true],
  ['unix:/a', 'unix:/b', false],
  ['unix:/a', '127.0.0.1:25', false],
])('%s and %s', (listen, to, same) => {
  expect(isSameEndpoint(endpoint(listen), endpoint(to))).toBe(same);
});
