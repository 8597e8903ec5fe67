// Commands and content out of one stream of octets, whatever the packets are that it comes in.
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from 'vitest';
import { Content } from '../../../src/smtp/content.js';
import { Input } from '../../../src/smtp/input.js';

/** What the client hears, a line for each packet. */
let packets: string[];
let socket: Socket;
let setTimeOut: Mock<(milliseconds: number) => Socket>;
let input: Input;
/** What was said, in order: commands, and the content of messages. */
let said: string[];
let tooLong: number;
let tooSlow: number;
/** Those of the next command and of the message that is being delivered, where they are to wait. */
let held: (() => void)[];
let holding: boolean;

beforeEach(() => {
  packets = [];
  said = [];
  held = [];
  tooLong = 0;
  tooSlow = 0;
  holding = false;
  const duplex = new Duplex({
    read: () => undefined,
    write(chunk, _, done) {
      packets.push(String(chunk).trimEnd());
      done();
    },
    writev(chunks, done) {
      packets.push(chunks.map(({ chunk }) => String(chunk).trimEnd()).join(' '));
      done();
    },
  });
  setTimeOut = vi.fn<(milliseconds: number) => Socket>();
  socket = Object.assign(duplex as Socket, { timeout: 1000, setTimeout: setTimeOut });
  input = new Input(socket, {
    command: (line, next) => {
      const text = line.toString('latin1');
      said.push(text);
      if (text === 'DATA') void receive();
      socket.write(`reply to ${text}\r\n`);
      if (holding) held.push(next);
      else next();
    },
    tooLong: () => {
      tooLong++;
      input.isClosed = true;
    },
    tooSlow: () => {
      tooSlow++;
      input.isClosed = true;
    },
  });
  input.start();
});

async function receive(): Promise<void> {
  const content = new Content(0);
  input.receive(content);
  let text = '';
  for await (const piece of content) text += piece.toString('latin1');
  said.push(`(${text})`);
  socket.write('reply to message\r\n');
  const proceed = (): void => {
    input.proceed();
  };
  if (holding) held.push(proceed);
  else proceed();
}

/** One packet, and the time that it takes. */
async function send(text: string): Promise<void> {
  socket.push(Buffer.from(text, 'latin1'));
  await new Promise(resolve => setImmediate(resolve));
}

const dialog = 'MAIL\r\nRCPT\nDATA\r\n..one\r\ntwo\r\n.\r\nNOOP\r\nDATA\r\n.\r\nQUIT\r\n';
const wanted = ['MAIL', 'RCPT', 'DATA', '(.one\r\ntwo\r\n)', 'NOOP', 'DATA', '()', 'QUIT'];

describe('a conversation', () => {
  test('in one packet', async () => {
    await send(dialog);
    expect(said).toEqual(wanted);
  });

  test.each([1, 2, 3, 7])('in packets of %i octets', async size => {
    for (let at = 0; at < dialog.length; at += size) await send(dialog.slice(at, at + size));
    expect(said).toEqual(wanted);
  });
});

test('(R34) the replies to commands that came in one packet leave in one', async () => {
  await send('MAIL\r\nRCPT\r\nRCPT\r\nDATA\r\n');
  expect(packets).toEqual(['reply to MAIL reply to RCPT reply to RCPT reply to DATA']);
  await send('x\r\n.\r\nMAIL\r\n');
  expect(packets.slice(1)).toEqual(['reply to message', 'reply to MAIL']);
});

describe('what takes its time', () => {
  test('keeps the next command waiting, also one of a later packet', async () => {
    holding = true;
    await send('MAIL\r\nRCPT\r\n');
    await send('DATA\r\n');
    await send('x\r\n.\r\n');
    expect(said).toEqual(['MAIL']);
    held.shift()!();
    expect(said).toEqual(['MAIL', 'RCPT']);
    held.shift()!();
    await new Promise(resolve => setImmediate(resolve));
    expect(said).toEqual(['MAIL', 'RCPT', 'DATA']);
    held.shift()!();
    await new Promise(resolve => setImmediate(resolve));
    expect(said.at(-1)).toBe('(x\r\n)');
  });

  test('keeps what is behind the end of a message until that has its reply', async () => {
    await send('DATA\r\n');
    holding = true;
    await send('x\r\n.\r\nMAIL\r\n');
    expect(said).toEqual(['DATA', '(x\r\n)']);
    held.shift()!();
    expect(said.at(-1)).toBe('MAIL');
  });

  test('makes the client wait, and its idle time begins anew when it need not any longer', async () => {
    holding = true;
    await send('MAIL\r\n');
    for (let i = 0; i < 100; i++) await send('NOOP\r\n'.repeat(1000));
    expect(socket.readableLength).toBeGreaterThan(500_000); // no more is read than was on its way
    expect(setTimeOut).not.toHaveBeenCalled();
    held.shift()!();
    expect(setTimeOut).toHaveBeenCalledExactlyOnceWith(1000);
  });
});

test('many commands in one packet let others have their turn', async () => {
  socket.push('NOOP\r\n'.repeat(250));
  await new Promise<void>(resolve => {
    process.nextTick(resolve);
  });
  const turns: number[] = [];
  while (said.length < 250) {
    turns.push(said.length);
    await new Promise(resolve => setImmediate(resolve));
  }
  expect(turns.filter(n => n > 0).length).toBeGreaterThanOrEqual(2);
});

describe('a line longer than any command', () => {
  test.each([
    ['complete', `${'x'.repeat(20_000)}\r\nMAIL\r\n`],
    ['not complete', 'x'.repeat(20_000)],
  ])('%s: is the last thing that is read', async (_, text) => {
    await send(text);
    await send('MAIL\r\n');
    expect(tooLong).toBe(1);
    expect(said).toEqual([]);
  });

  test('and one that is not, in pieces', async () => {
    await send('x'.repeat(10_000));
    await send(`${'x'.repeat(6_000)}\r\n`);
    expect(tooLong).toBe(0);
    expect(said).toEqual(['x'.repeat(16_000)]);
  });
});

describe('a client that dawdles', () => {
  const at = (milliseconds: number): void => {
    vi.spyOn(performance, 'now').mockReturnValue(milliseconds);
  };
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('over a command has no more time for it than for silence', async () => {
    for (let ms = 0; ms <= 1000; ms += 500) {
      at(ms);
      await send('x');
    }
    expect(tooSlow).toBe(0);
    at(1001);
    await send('x');
    expect(tooSlow).toBe(1);
  });

  test('over a message has to send so much in that time', async () => {
    at(0);
    await send('DATA\r\n');
    for (let ms = 900; ms < 9000; ms += 900) {
      at(ms);
      await send('x'.repeat(500));
    }
    expect(tooSlow).toBe(0);
    for (const ms of [9900, 10_800]) {
      at(ms);
      await send('x'.repeat(100));
    }
    expect(tooSlow).toBe(1);
  });

  test('is not one that says nothing between two commands, or is kept waiting', async () => {
    at(0);
    await send('MAIL\r\n');
    at(5000);
    holding = true;
    await send('RCPT\r\nDA');
    at(9000);
    held.shift()!();
    await send('TA\r\n');
    expect(tooSlow).toBe(0);
  });
});

test('a line without its end is no command', async () => {
  await send('QUIT');
  socket.push(null);
  await new Promise(resolve => setImmediate(resolve));
  expect(said).toEqual([]);
});
