// What a decision gets to see of a message.
import { describe, expect, test } from 'vitest';
import { factsOf } from '../../src/facts.js';
import { parseHeader } from '../../src/mime/header.js';
import { mail } from '../support/golden-chunks.js';
import { envelope } from '../support/golden-filter.js';

const facts = (...lines: string[]) =>
  factsOf(envelope('anna@example.com', ['bob@example.org']), parseHeader(mail(...lines)), {
    bytes: Buffer.alloc(0),
    whole: true,
  });

describe('facts', () => {
  test('come from envelope and header', () => {
    const found = facts('From: A <a@example.com>', 'Content-Type: Text/HTML; charset=x', 'List-Id: <x>');
    expect(found.sender.text).toBe('anna@example.com');
    expect(found.from?.map(a => a.text)).toEqual(['a@example.com']);
    expect(found.mediaType).toBe('text/html');
    expect(found.fields.map(f => f.name)).toEqual(['from', 'content-type', 'list-id']);
  });

  test('a missing or unreadable type is text/plain (RFC 2045 §5.2)', () => {
    expect(facts('Subject: x').mediaType).toBe('text/plain');
    expect(facts('Content-Type: nonsense').mediaType).toBe('text/plain');
  });

  test('a second From field counts: some clients show that one', () => {
    expect(facts('From: a@example.com', 'From: b@example.com').from?.map(a => a.text)).toEqual([
      'a@example.com',
      'b@example.com',
    ]);
    expect(facts('From: a@example.com', 'From: b@c <d@e>').from).toBeUndefined();
    expect(facts('Subject: x').from).toEqual([]);
  });

  test('a bare CR or a NUL in From makes it unreadable: some readers see another field there', () => {
    expect(facts('From: a@example.com\rFrom: b@example.com').from).toBeUndefined();
    expect(facts('From: "Anna\0" <a@example.com>').from).toBeUndefined();
  });

  test('both names of the content are seen: a gateway may have changed one of them', () => {
    const found = facts(
      'Content-Type: application/octet-stream; name=data.bin',
      "Content-Disposition: attachment; filename*=utf-8''smime.p7m",
    );
    expect(found.fileNames).toEqual(['data.bin', 'smime.p7m']);
    expect(facts('Subject: x').fileNames).toEqual([]);
  });
});
