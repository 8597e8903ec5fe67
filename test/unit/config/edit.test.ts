// Changes of the ini file: what changes, and that every other byte stays.
import { describe, expect, test } from 'vitest';
import { appendSection, changeSection, removeSection } from '../../../src/config/edit.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a section at the end', () => {
  test.each([
    ['of nothing', '', '[a:b]\nfile = x\n'],
    ['of a file', '[s]\nk = v\n', '[s]\nk = v\n\n[a:b]\nfile = x\n'],
    ['of a last line without an end', '[s]\nk = v', '[s]\nk = v\n\n[a:b]\nfile = x\n'],
    ['of lines from Windows', '[s]\r\nk = v\r\n', '[s]\r\nk = v\r\n\r\n[a:b]\r\nfile = x\r\n'],
    ['behind octets of any kind', '; \xe4\xff\n', '; \xe4\xff\n\n[a:b]\nfile = x\n'],
  ])('%s', (_, text, want) => {
    const entries = { file: 'x', chain: undefined };
    expect(appendSection(bytes(text), 'a:b', entries).toString('latin1')).toBe(want);
  });
});

describe('a value', () => {
  test.each([
    ['alone', 'file = old.pem\n', 'file = new.pem\n'],
    ['without spaces', 'file=old.pem\n', 'file=new.pem\n'],
    ['in front of a comment', 'file\t=  old.pem  ; mine; \xe4\n', 'file\t=  new.pem  ; mine; \xe4\n'],
    ['in front of another comment', 'file = old.pem # mine\r\n', 'file = new.pem # mine\r\n'],
    ['in quotes', `file = "o;l\\"d" ; x\n`, 'file = new.pem ; x\n'],
    ['in single quotes', `file = 'o # ld'\n`, 'file = new.pem\n'],
    ['at the end of the file', 'file = old.pem', 'file = new.pem'],
  ])('%s', (_, line, want) => {
    const around = (content: string): string =>
      `\xef\xbb\xbf; top\n[other]\nfile = y\n[a:b]\n; c\n${content}`;
    const changed = changeSection(bytes(around(line)), 'a:b', { file: 'new.pem' });
    expect(changed.toString('latin1')).toBe(around(want));
  });

  test('that is not there yet comes below the first one, and one that is to go goes', () => {
    const text = '[a:b]\nkey = k\nfile = f\npassword = p\n\n[c]\n';
    const changes = { key: undefined, password: undefined, password_file: 'p.pass', file: 'g' };
    expect(changeSection(bytes(text), 'a:b', changes).toString()).toBe(
      '[a:b]\npassword_file = p.pass\nfile = g\n\n[c]\n',
    );
    expect(changeSection(bytes('[a:b]\nfile = f'), 'a:b', { chain: 'c' }).toString()).toBe(
      '[a:b]\nfile = f\nchain = c\n',
    );
  });
});

describe('a section that goes', () => {
  test.each([
    ['in between', '[s]\nk = v\n\n[a:b]\nfile = x\n\n; of t\n[t]\n', '[s]\nk = v\n\n; of t\n[t]\n'],
    ['at the beginning', '[a:b]\nfile = x\n\n[t]\n', '[t]\n'],
    ['at the end', '[s]\nk = v\n\n[a:b]\nfile = x', '[s]\nk = v\n'],
    ['without room', '[s]\n[a:b]\nfile = x\n[t]\n', '[s]\n[t]\n'],
    [
      'but for the comments around it',
      '; of it\n[a:b]\n; in\nfile = x\n;chain = y\n',
      '; of it\n;chain = y\n',
    ],
  ])('%s', (_, text, want) => {
    expect(removeSection(bytes(text), 'a:b').toString()).toBe(want);
  });
});
