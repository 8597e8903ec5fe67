// Cutting a message into header, parts and line ends, octet by octet.
import { describe, expect, test } from 'vitest';
import { canonical, splitHeader, splitMultipart } from '../../../src/verify/split.js';

const split = (body: string, limit = 10): { parts: string[]; closed: boolean; more: boolean } => {
  const { parts, closed, more } = splitMultipart(Buffer.from(body), Buffer.from('b'), limit);
  return { parts: parts.map(String), closed, more };
};

describe('a multipart', () => {
  test.each<[string, string, string[]]>([
    ['two parts', 'preamble\r\n--b\r\none\r\n--b\r\ntwo\r\n--b--\r\nepilogue', ['one', 'two']],
    ['empty lines are content, all but the last line end', '--b\r\n\r\none\r\n\r\n--b--', ['\r\none\r\n']],
    ['with LF', '--b\none\n--b\n\ntwo\n--b--\n', ['one', '\ntwo']],
    ['white space behind a delimiter', '--b \t\r\none\r\n--b-- \r\n', ['one']],
    ['a part without anything', '--b\r\n--b\r\n\r\n--b--', ['', '']],
    [
      'look-alikes',
      '--b\r\n--bb\r\n--b-\r\n --b\r\nx--b\r\n--b x\r\n--b--',
      ['--bb\r\n--b-\r\n --b\r\nx--b\r\n--b x'],
    ],
    ['nothing after the closing delimiter counts', '--b\r\none\r\n--b--\r\n--b\r\ntwo\r\n--b--', ['one']],
  ])('%s', (_, body, parts) => {
    expect(split(body)).toEqual({ parts, closed: true, more: false });
  });

  test.each<[string, string, string[]]>([
    ['no delimiter', 'one\r\n', []],
    ['no closing delimiter', '--b\r\none\r\n--b\r\ntwo\r\n', ['one', 'two\r\n']],
    ['ending in a delimiter', '--b\r\none\r\n--b', ['one', '']],
  ])('%s is not closed', (_, body, parts) => {
    expect(split(body)).toEqual({ parts, closed: false, more: false });
  });

  test('of more parts than asked for is told to have more', () => {
    const body = '--b\r\none\r\n--b\r\ntwo\r\n--b\r\nthree\r\n--b--';
    expect(split(body, 2)).toEqual({ parts: ['one', 'two'], closed: false, more: true });
    expect(split(body, 3)).toEqual({ parts: ['one', 'two', 'three'], closed: true, more: false });
    expect(split('--b\r\none\r\n--b\r\ntwo', 1)).toEqual({ parts: ['one'], closed: false, more: true });
  });
});

describe('line ends', () => {
  test.each([
    ['a\r\nb\r\n', 'a\r\nb\r\n', false],
    ['a\nb\n\nc', 'a\r\nb\r\n\r\nc', false],
    ['\n', '\r\n', false],
    ['a\r\nb\n', 'a\r\nb\r\n', true],
    ['a\rb\r\r\n', 'a\rb\r\r\n', false],
    ['From a@example.com Mon\na: b\n', 'a: b\r\n', false],
    ['>From a@example.com Mon\r\na: b\r\n', 'a: b\r\n', false],
    ['From: a\r\n', 'From: a\r\n', false],
    ['', '', false],
  ])('%j', (file, message, mixed) => {
    const { bytes, ...rest } = canonical(Buffer.from(file));
    expect({ message: bytes.toString(), ...rest }).toEqual({ message, mixed });
  });
});

test('a header and its body', () => {
  const { fields, body } = splitHeader(Buffer.from('A: b\r\n c\r\nD: e\r\n\r\nbody\r\n'));
  expect(fields.map(f => f.body)).toEqual(['b c', 'e']);
  expect(body.toString()).toBe('body\r\n');
  expect(splitHeader(Buffer.from('\r\nbody')).body.toString()).toBe('body');
  expect(splitHeader(Buffer.from('A: b')).fields).toHaveLength(1);
});
