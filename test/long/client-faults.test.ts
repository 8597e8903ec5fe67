// Every fault at every step of the dialog with Postfix's client: what it hears, what arrives, what the journal says.
//
//   client with faults ──► Postseal ──► embedded return port
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePki } from '../support/pki.js';
import { freePort, until } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';
import { openFiles } from '../support/process.js';
import { record } from '../support/record.js';
import { ReturnPort, type StoredMessage } from '../support/return-port.js';
import { sendMail } from '../support/smtp-client.js';

/** What a client sends until it is there: the fault comes in the place of what follows. */
const steps = [
  'connect',
  'EHLO',
  'XFORWARD',
  'MAIL',
  'RCPT',
  'DATA',
  'mid-body',
  'dot',
  'after the dot',
] as const;
type Step = (typeof steps)[number];

/** Of a message, what is sent at each step, in order. */
const parts = (queueId: string): string[] => [
  'EHLO client.example\r\n',
  `XFORWARD IDENT=${queueId}\r\n`,
  'MAIL FROM:<anna@example.com>\r\n',
  `RCPT TO:<kim@example.net>\r\n`,
  'DATA\r\n',
  `From: anna@example.com\r\nSubject: ${queueId}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(200)}`,
  'The last line.\r\n',
  '.\r\n',
];

type Fault = 'hangs up' | 'resets' | 'says nothing more' | 'talks garbage' | 'is slow';

/** Whether the message is one: it is with its dot, whatever becomes of the client then. */
const arrives = (step: Step, fault: Fault): boolean => fault === 'is slow' || step === 'after the dot';

describe('each fault of the client', () => {
  let directory: string;
  let returnPort: ReturnPort;
  let postseal: PostsealProcess;
  let port: number;
  const heard = new Map<string, string>();

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-client-'));
    const anna = makePki(directory).issue({ name: 'anna', addresses: ['anna@example.com'] });
    returnPort = await ReturnPort.start();
    port = await freePort();
    postseal = await PostsealProcess.start({
      listenPort: port,
      returnPort: returnPort.port,
      service: 'timeout = 1\n',
      ini: `[certificate:anna]\nfile = ${anna.pem}\n[rule:anna]\nsender = anna@example.com\ncertificate = anna\n`,
    });
  });

  afterAll(async () => {
    await postseal.remove();
    await returnPort.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const arrivedOf = (queueId: string): readonly StoredMessage[] =>
    returnPort.messages.filter(({ content }) => content.includes(`Subject: ${queueId}\r\n`));

  /** @returns all that it heard, once the connection has ended */
  async function misbehave(step: Step, fault: Fault, queueId: string): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    let input = '';
    socket.setEncoding('latin1').on('data', (text: string) => (input += text));
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    await until('the greeting', () => input.startsWith('220'));
    const at = steps.indexOf(step);
    for (const [i, part] of parts(queueId).entries()) {
      if (i === at) break;
      const replies = input.length;
      socket.write(part);
      const silent = i === 5 || i === 6 || (i === 7 && at === 8);
      if (!silent) await until(`a reply to ${part}`, () => input.length > replies);
    }
    // What was sent before a RST and is not read yet is lost with it: the message has to be there, and its reply not.
    if (step === 'after the dot' && fault !== 'is slow')
      await until('the message', () => arrivedOf(queueId).length > 0);
    const rest = parts(queueId).slice(at);
    switch (fault) {
      case 'hangs up':
        socket.end();
        socket.destroySoon();
        break;
      case 'resets':
        socket.resetAndDestroy();
        break;
      case 'says nothing more':
        break;
      case 'talks garbage':
        socket.write(Buffer.from('\u0000\u001b]0;x\u0007\u00ff\r\nGET / HTTP/1.1\r\n', 'latin1'));
        socket.end();
        break;
      case 'is slow':
        await drip(socket, rest);
        await until(`a reply to ${queueId}`, () => input.includes('queued as'));
        socket.end('QUIT\r\n');
    }
    await closed;
    return input;
  }

  for (const fault of ['hangs up', 'resets', 'says nothing more', 'talks garbage', 'is slow'] as const) {
    test(`${fault}: nothing arrives but what was sent whole`, async () => {
      returnPort.fault({ at: 'stored', delay: 300 });
      const before = openFiles(postseal.pid!);
      const ids = steps.map((_, i) => `${fault.replaceAll(' ', '').toUpperCase()}${i}`);
      await Promise.all(
        steps.map(async (step, i) => heard.set(ids[i]!, await misbehave(step, fault, ids[i]!))),
      );
      await until('the connections to be gone', () => openFiles(postseal.pid!) <= before + steps.length);
      await returnPort.received(steps.filter(step => arrives(step, fault)).length);
      const received = ['DATA', 'mid-body', 'dot', 'after the dot'].length;
      await until('the lines of the journal', () => postseal.lines(ids[0]!.slice(0, -1)).length >= received);
      for (const [i, step] of steps.entries()) {
        const arrived = arrivedOf(ids[i]!);
        const [line = ''] = postseal.lines(`${ids[i]!}: `);
        record('client', {
          ...{ step, fault, heard: heard.get(ids[i]!)!.trimEnd().split('\r\n').at(-1) },
          ...{ arrived: arrived.length, good: arrived.filter(isGood).length, journal: line },
        });
        expect(arrived, step).toHaveLength(Number(arrives(step, fault)));
        expect(arrived.filter(isGood)).toEqual(arrived);
        if (step === 'mid-body' || step === 'dot')
          expect(line).toMatch(
            arrives(step, fault) ? /"250 / : /"451 4\.4\.2 Connection lost before the end/,
          );
        if (fault === 'says nothing more' && step !== 'after the dot')
          expect(heard.get(ids[i]!)).toMatch(/^421 .*\r\n$/m);
      }
      returnPort.clearFaults();
      returnPort.clear();
    });
  }

  test('a client that is lost after the dot comes again: its message arrives twice, and no others', async () => {
    returnPort.fault({ at: 'stored', delay: 300, times: 1 });
    await misbehave('after the dot', 'resets', 'AGAIN');
    await until('the line of the journal', () => postseal.lines('AGAIN: ').length > 0);
    const [mail, rcpt] = [{ sender: 'anna@example.com' }, { recipients: ['kim@example.net'] }];
    await sendMail({
      port,
      ...mail,
      ...rcpt,
      xforward: 'IDENT=AGAIN',
      content: [Buffer.from(parts('AGAIN').slice(5, 7).join(''))],
    });
    record('client', {
      step: 'after the dot',
      fault: 'resets and comes again',
      arrived: returnPort.messages.length,
      good: returnPort.messages.filter(isGood).length,
    });
    expect(returnPort.messages).toHaveLength(2);
  });
});

/** Signed, and there to its end. */
function isGood({ content }: StoredMessage): boolean {
  return /multipart\/signed[^]*The last line\.\r\n[^]*--\r\n$/.test(content.toString());
}

/** An octet or a few at a time: as a client behind a bad line. */
async function drip(socket: Socket, rest: readonly string[]): Promise<void> {
  for (const part of rest) {
    const size = Math.max(1, Math.ceil(part.length / 100));
    for (let i = 0; i < part.length; i += size) {
      socket.write(part.slice(i, i + size));
      await new Promise(resolve => setTimeout(resolve, 2));
    }
  }
}
