// Every fault at every step of the dialog with the return port: what Postfix's queue says of it, what arrives, and
// what the journal says. A table; the stories that take more than one message are in return-port-faults.test.ts.
//
//   client ──► smtpd ──► "postseal" ──► Postseal ──► embedded return port with faults
//                            └── deferred, bounced ──► queue, bounce ──► maildir
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { freePort, Postfix, until } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';
import { record } from '../support/record.js';
import { type Fault, ReturnPort, type Step } from '../support/return-port.js';
import { sendMail } from '../support/smtp-client.js';
import { Verifiers, verifierPeers } from '../support/verifiers.js';

const steps = [
  ...(['connect', 'greeting', 'EHLO', 'XFORWARD', 'MAIL', 'RCPT', 'DATA', 'body', 'dot', 'stored'] as const),
] satisfies Step[];
type Where = (typeof steps)[number];

/** What becomes of the message at the first attempt, and what queue or bounce and journal say of it. */
interface Outcome {
  readonly outcome: 'delivered' | 'deferred' | 'bounced';
  readonly says?: RegExp;
}

const delivered: Outcome = { outcome: 'delivered' };
const deferred = (says: RegExp): Outcome => ({ outcome: 'deferred', says });
const bounced = (says: RegExp): Outcome => ({ outcome: 'bounced', says });

/** Until EHLO is answered there is no connection yet (RFC 5321 §3.1): whatever is said then says nothing of a message. */
const early = (at: Where): boolean => at === 'connect' || at === 'greeting' || at === 'EHLO';
const lost = (at: Where): RegExp =>
  early(at) ? /451 4\.4\.1 Return port is not available/ : /451 4\.4\.2 Connection to the return port lost/;

interface Column {
  readonly name: string;
  /** Of the message; default 1. */
  readonly megabytes?: number;
  readonly fault: Omit<Fault, 'at'>;
  /** What is expected at a step; undefined where the fault is none there. */
  readonly at: (step: Where) => Outcome | undefined;
}

/** A reply that comes after the message was kept is the return port's last word: it says so, or is lost. */
const replies = (at: Where): boolean => at !== 'connect' && at !== 'stored';

const columns: readonly Column[] = [
  { name: 'hangs up', fault: { then: 'hang up' }, at: step => deferred(lost(step)) },
  { name: 'resets', fault: { then: 'reset' }, at: step => deferred(lost(step)) },
  { name: 'hangs', fault: { then: 'hang' }, at: step => deferred(lost(step)) },
  { name: 'is slow', fault: { delay: 300 }, at: () => delivered },
  {
    name: 'says 421 and hangs up',
    fault: { reply: '421 4.3.2 Closing now', then: 'hang up' },
    at: step => (replies(step) ? deferred(/Closing now/) : undefined),
  },
  {
    name: 'says 4xx',
    fault: { reply: '452 4.3.1 No room left' },
    at: step => (!replies(step) ? undefined : step === 'XFORWARD' ? delivered : deferred(/No room left/)),
  },
  {
    name: 'says 5xx',
    fault: { reply: '554 5.7.9 Never ever' },
    at: step => {
      if (!replies(step)) return undefined;
      if (early(step)) return deferred(/Never ever/);
      return step === 'XFORWARD' ? delivered : bounced(/554 5\.7\.9 Never ever/);
    },
  },
  {
    name: 'says no SMTP',
    fault: { reply: 'HTTP/1.1 400 Bad Request \u0000\u001b[31m\u00ff', then: 'hang' },
    at: step => (step === 'connect' ? undefined : deferred(lost(step))),
  },
  {
    name: 'says more and more',
    fault: { reply: `250-${'x'.repeat(1000)}\r\n`.repeat(400).trimEnd(), then: 'hang' },
    at: step => (step === 'connect' ? undefined : deferred(lost(step))),
  },
  {
    name: 'says yes too early',
    // More than the system's buffers hold: once all of it is sent, a yes may be meant for all.
    megabytes: 20,
    fault: { reply: '250 2.0.0 Ok' },
    at: step => (step === 'DATA' || step === 'body' ? deferred(lost(step)) : undefined),
  },
  {
    name: 'says 354 out of place',
    fault: { reply: '354 Go ahead', then: 'hang' },
    at: step =>
      step === 'MAIL' || step === 'RCPT' || step === 'dot' || step === 'stored'
        ? deferred(lost(step))
        : undefined,
  },
];

describeWithPeers('each fault of the return port', ['postfix', ...verifierPeers], () => {
  let directory: string;
  let verifiers: Verifiers;
  let returnPort: ReturnPort;
  let postseal: PostsealProcess;
  let postfix: Postfix;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-steps-'));
    const pki = makePki(join(directory, 'pki'));
    const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
    verifiers = new Verifiers(pki.root.certificate);
    returnPort = await ReturnPort.start();
    const listenPort = await freePort();
    postfix = await Postfix.start({ postsealPort: listenPort, main: { message_size_limit: '50000000' } });
    postseal = await PostsealProcess.start({
      listenPort,
      returnPort: returnPort.port,
      service: 'timeout = 1\n',
      ini: `[certificate:anna]\nfile = ${anna.pem}\n[rule:anna]\nsender = anna@example.com\ncertificate = anna\n`,
    });
  });

  afterAll(async () => {
    await postfix.remove();
    await postseal.remove();
    await returnPort.close();
    verifiers.close();
    rmSync(directory, { recursive: true, force: true });
  });

  afterEach(async () => {
    returnPort.clearFaults();
    await postfix.flush();
    await postfix.drained();
    returnPort.drop();
    returnPort.clear();
    postfix.clearMessages();
  });

  let count = 0;

  /** @returns its queue id */
  async function send(megabytes: number): Promise<string> {
    const text = `From: anna@example.com\r\nDate: ${new Date().toUTCString()}\r\nSubject: ${++count}\r\n\r\n`;
    const reply = await sendMail({
      ...{ port: postfix.submissionPort, sender: 'anna@example.com', recipients: ['kim@example.net'] },
      content: [Buffer.from(text), Buffer.from(`${'0123456789'.repeat(7)}\r\n`.repeat(14_000 * megabytes))],
    });
    return /queued as (\w+)/.exec(reply)![1]!;
  }

  /** What became of it at the first attempt, and Postfix's words. */
  const fate = (id: string): Promise<{ status: string; words: string }> =>
    until(
      () => `${id} to be tried\n${postfix.tail()}`,
      () => {
        const line = postfix
          .log()
          .split('\n')
          .find(l => l.includes(`${id}: to=`) && l.includes(' status='));
        const [, status, words] = / status=(\w+) \((.*)\)$/.exec(line ?? '') ?? [];
        return status !== undefined && { status, words: words! };
      },
    );

  for (const step of steps) {
    describe(step === 'stored' ? 'after it kept the message' : `at ${step}`, () => {
      for (const { name, megabytes = 1, fault, at } of columns) {
        const expected = at(step);
        if (!expected) continue;
        test(`${name}: ${expected.outcome}`, async () => {
          returnPort.fault({ at: step, ...(step === 'body' && { afterBytes: 50_000 }), ...fault });
          const id = await send(megabytes);
          const { status, words } = await fate(id);
          const [line = ''] = await until('the line of the journal', () => {
            const lines = postseal.lines(`${id}: `);
            return lines.length > 0 && lines;
          });
          const atOnce = returnPort.messages.length;
          returnPort.clearFaults();
          await postfix.flush();
          await postfix.drained();
          const { messages } = returnPort;
          const verdicts = await Promise.all(messages.map(({ content }) => verifiers.verify(content)));
          record('return-port', {
            ...{ step, fault: name, status, words, journal: line },
            ...{
              arrived: messages.length,
              good: verdicts.filter(verdict => verdict === 'good').length,
              duplicates: Math.max(0, messages.length - 1),
              bounces: postfix.count(),
            },
          });
          expect(status).toBe(expected.outcome === 'delivered' ? 'sent' : expected.outcome);
          if (expected.says) {
            expect(words).toMatch(expected.says);
            expect(line).toMatch(expected.says);
          }
          // Twice only where the reply after the dot was lost.
          const copies = expected.outcome === 'bounced' ? 0 : step === 'stored' && expected.says ? 2 : 1;
          expect(messages).toHaveLength(copies);
          expect(atOnce).toBe(expected.outcome === 'delivered' || step === 'stored' ? 1 : 0);
          expect(postfix.count()).toBe(expected.outcome === 'bounced' ? 1 : 0);
          for (const verdict of verdicts) expect(verdict).toBe('good');
          // What a terminal obeys is not in the journal.
          expect(line).not.toMatch(/\p{Cc}/u);
        });
      }
    });
  }
});
