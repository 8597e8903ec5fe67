// The content between the socket and the filter: nothing lost, nothing kept without bounds, nothing taken for whole.
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Failure } from '../../../src/failure.js';
import { Content } from '../../../src/smtp/content.js';

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

/** All of it, piece by piece. */
async function read(content: Content): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of content) pieces.push(piece.toString('latin1'));
  return pieces;
}

describe('a reader', () => {
  test('gets in one piece what has come since it asked last', async () => {
    const content = new Content(0);
    content.take(octets('one '));
    content.take(octets('two '));
    content.take(octets('three '));
    expect(await content.next()).toEqual({ done: false, value: octets('one two three ') });
    const next = content.next();
    content.take(octets('four'));
    expect(await next).toEqual({ done: false, value: octets('four') });
    content.end();
    expect(await content.next()).toEqual({ done: true, value: undefined });
  });

  test('that waits at the end hears of it', async () => {
    const content = new Content(0);
    const next = content.next();
    content.take(octets(''));
    content.end();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('gets all octets in their order, whoever is faster', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.string(), fc.boolean())), async parts => {
        const content = new Content(0);
        const all = read(content);
        for (const [text, pause] of parts) {
          content.take(octets(text));
          if (pause) await Promise.resolve();
        }
        content.end();
        expect((await all).join('')).toBe(parts.map(([text]) => octets(text).toString('latin1')).join(''));
      }),
    );
  });
});

describe('what is cut or too large is never whole', () => {
  test('(R36) a client that goes away', async () => {
    const content = new Content(0);
    content.take(octets('half'));
    content.cut();
    await expect(read(content)).rejects.toMatchObject({ kind: 'input-cut' });

    const waiting = new Content(0);
    const next = waiting.next();
    waiting.cut();
    await expect(next).rejects.toMatchObject({ kind: 'input-cut' });
  });

  test('one that goes away after its end has done all that it had to', async () => {
    const content = new Content(0);
    content.take(octets('whole'));
    content.end();
    content.cut();
    expect(await read(content)).toEqual(['whole']);
  });

  test('an octet over the limit, and none below it', async () => {
    const exact = new Content(8);
    exact.take(octets('1234'));
    exact.take(octets('5678'));
    exact.end();
    expect(await read(exact)).toEqual(['12345678']);

    const over = new Content(8);
    const next = over.next();
    over.take(octets('123456789'));
    await expect(next).rejects.toMatchObject({ kind: 'message-too-large' } satisfies Partial<Failure>);
    await expect(over.next()).rejects.toMatchObject({ kind: 'message-too-large' });
  });
});

describe('a reader that is slower than the client', () => {
  test('has 64 KB kept for it; then the client waits until they are taken', async () => {
    const content = new Content(0);
    content.onRoom = vi.fn<() => void>();
    content.take(Buffer.alloc(65_535));
    expect(content.full).toBe(false);
    content.take(Buffer.alloc(1));
    expect(content.full).toBe(true);
    expect(content.onRoom).not.toHaveBeenCalled();
    await content.next();
    expect(content.onRoom).toHaveBeenCalledOnce();
    expect(content.full).toBe(false);
  });

  test('keeps the client waiting only as long as there is one that reads', async () => {
    const content = new Content(0);
    content.onRoom = vi.fn<() => void>();
    content.take(Buffer.alloc(100_000));
    content.discard();
    expect(content.onRoom).toHaveBeenCalledOnce();
    content.take(Buffer.alloc(100_000));
    expect(content.full).toBe(false);
    content.end();
    await content.whole;
  });
});

test('whose silence it is: of the client only where somebody waits for it', async () => {
  const content = new Content(0);
  expect(content.awaitsClient).toBe(false); // nobody has asked yet
  const next = content.next();
  expect(content.awaitsClient).toBe(true);
  content.take(octets('one'));
  await next;
  expect(content.awaitsClient).toBe(false);
  content.discard();
  expect(content.awaitsClient).toBe(true); // the reply waits for the end
  content.end();
  expect(content.awaitsClient).toBe(false);
});
