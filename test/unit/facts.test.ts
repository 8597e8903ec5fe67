// What a decision gets to see of a message.
import { describe, expect, test } from 'vitest';
import { factsOf, readBeginning } from '../../src/facts.js';
import { Failure } from '../../src/failure.js';
import { previewSize } from '../../src/mime/preview.js';
import { TopHeaderReader } from '../../src/mime/top-header.js';
import { mail } from '../support/golden-chunks.js';
import { envelope } from '../support/golden-filter.js';

const given = envelope('anna@example.com', ['bob@example.org']);

/** The header of a message that is nothing else. */
function headerOf(...lines: string[]) {
  const reader = new TopHeaderReader();
  return reader.write(mail(...lines)) ?? reader.end();
}

const nothing = { bytes: Buffer.alloc(0), whole: true };
const facts = (...lines: string[]) => factsOf(given, headerOf(...lines), nothing);

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

  test('the size is counted where all has been read; otherwise it is what was announced, if anything was', async () => {
    const header = headerOf('From: anna@example.com', '');
    const sizeOf = async (body: Buffer, announced?: number) => {
      const beginning = await readBeginning(body, [][Symbol.iterator]() as unknown as AsyncIterator<Buffer>);
      const size = announced === undefined ? {} : { size: announced };
      return factsOf({ ...given, ...size }, header, beginning).size;
    };
    const small = mail('Hello');
    expect(await sizeOf(small, 5_000_000)).toBe(header.block.length + small.length);
    const large = Buffer.alloc(previewSize);
    expect(await sizeOf(large, 5_000_000)).toBe(5_000_000);
    expect(await sizeOf(large)).toBeUndefined();
  });

  test('what an earlier attempt came upon is known', () => {
    const found = (failure: Failure) => factsOf(given, headerOf('From: a@example.com'), nothing, failure);
    expect(found(new Failure('unsignable', 'late')).content().unsignable).toBe('late');
    expect(found(new Failure('unsignable', 'late')).keyFailure).toBeUndefined();
    const failed = found(new Failure('signing-failed', 'anna: no such device'));
    expect(failed.keyFailure).toBe('anna: no such device');
    expect(failed.content().unsignable).toBeUndefined();
  });
});
