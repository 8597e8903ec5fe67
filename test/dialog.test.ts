// SMTP conversations as files: test/dialog/NN-name.txt, each against a service and a return port of its own.
//
//   # a comment; what the dialog shows
//   ! max_hops = 1                   a line of [service], or something that happens at this point (see `stages`)
//   -> MAIL FROM:<a@b.example>       the client sends it; lines below one another go in one packet,
//                                    an empty line or a comment in between makes two of them
//   <- 250 2.1.0 Ok                  it must hear that; (closed) is the end of the connection
//   2-> NOOP                         another client, which connects when it is first named
//   => MAIL FROM:<a@b.example>       the return port must receive that
//   <= 450 4.2.0 Later               and says this to it, instead of what a return port usually says;
//                                    several make a reply of several lines; (hangs up), (hangs), (waits MS)
//   :: NOQUEUE: from=<>, …           the lines of the journal, all of them, where a dialog has any
//
// … stands for any text; alone for any number of lines. Lines are UTF-8 and end in CRLF on the wire; escapes
// are \r \n \xHH \\, and a lone backslash at the end means no CRLF. Content is written as on the wire, dots
// doubled, up to the line with the final dot. All the => lines together are what the return port received, in
// the order of arrival. Three of them come only in dialogs that name them: `(connects)`, EHLO and QUIT.
// `(not kept)` is content that it refused or whose reply it withheld, `(cut)` content without a final dot.
//
// Where a dialog goes another way, what happened is written to NN-name.got.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DialogClient } from './support/dialog-client.js';
import {
  decodeLines,
  encodeLine,
  matchesLines,
  readDialog,
  type DialogStep,
  type ReturnLine,
} from './support/dialog-file.js';
import { DialogService } from './support/dialog-service.js';
import { makePki, openssl, type Pki } from './support/pki.js';
import type { Fault, ReturnPort, Step } from './support/return-port.js';

const root = join(import.meta.dirname, 'dialog');
const files = readdirSync(root);
const directory = mkdtempSync(join(tmpdir(), 'postseal-dialog-'));
let pki: Pki;
let certificate: string;

beforeAll(() => {
  pki = makePki(directory);
  certificate = pki.issue({ name: 'anna', addresses: ['anna@example.com'] }).pem;
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('dialog', () => {
  test.concurrent.each(files.filter(f => f.endsWith('.txt')).sort())('%s', async name => {
    const wrong: string[] = [];
    const got = await run(readFileSync(join(root, name), 'utf8'), wrong);
    const gotFile = join(root, name.replace(/\.txt$/, '.got'));
    if (wrong.length > 0) writeFileSync(gotFile, got);
    else rmSync(gotFile, { force: true });
    expect(wrong.join('\n\n')).toBe('');
  });
});

/** Plays a dialog. @returns what happened; what went another way is put into `wrong` */
async function run(text: string, wrong: string[]): Promise<string> {
  const dialog = readDialog(text);
  const settings = dialog.steps.filter(s => s.kind === 'stage').map(s => s.lines[0]!);
  const isSetting = (line: string): boolean => /^[a-z_]+ = /.test(line);
  const service = await DialogService.start(certificate, settings.filter(isSetting));
  const clients = new Map<string, DialogClient>();
  const happened: string[] = [];
  const compare = (what: string, got: readonly string[], want: readonly string[]): void => {
    if (!matchesLines(got, want)) wrong.push(`${what}\n  ${got.join('\n  ')}\nbut should\n  ${want.join('\n  ')}`);
  };
  const client = async (name: string): Promise<DialogClient> => {
    const known = clients.get(name) ?? (await DialogClient.connect({ host: '127.0.0.1', port: service.port }));
    clients.set(name, known);
    return known;
  };
  const stages: Record<string, (name: string, argument: string) => Promise<void> | void> = {
    /** Connects, and gets over the greeting and EHLO. */
    'says hello': async name => {
      const it = await client(name);
      compare('the client hears', await it.hear(), ['220 …']);
      compare('the client hears', [await it.ask('EHLO client.example')], ['250-…']);
    },
    'hangs up': async name => {
      (await client(name)).hangUp();
    },
    /** Long enough for a packet to arrive alone. */
    pauses: () => new Promise(resolve => setTimeout(resolve, 40)),
    'sends octets': async (name, count) => {
      (await client(name)).send(`${'x'.repeat(78)}\r\n`.repeat(Number(count) / 80));
    },
    /** What a signal does. */
    'shuts down': () => void service.shutDown(),
    'the return port stops': () => service.returnPort.stop(),
    'the return port starts': () => service.returnPort.resume(),
    /** As Postfix does with a connection that was idle for long. */
    'the return port drops connections': () => {
      service.returnPort.drop();
    },
    'the return port lacks': (_, lacking) => {
      const offered = service.returnPort.extensions;
      service.returnPort.extensions = offered.filter(e => !lacking.split(' ').includes(e.split(' ')[0]!));
    },
  };

  try {
    for (const [i, step] of dialog.steps.entries()) {
      const { kind, client: name, lines } = step;
      if (kind !== 'hear') script(service.returnPort, dialog.steps.slice(i));
      if (kind === 'send') {
        happened.push(...lines.map(line => `${name}-> ${line}`));
        (await client(name)).send(Buffer.concat(lines.map(encodeLine)));
      } else if (kind === 'hear') {
        const heard: string[] = [];
        const it = await client(name);
        for (const line of lines) if (!/^\d{3}-/.test(line)) heard.push(...(await it.hear()));
        happened.push(...heard.map(line => `${name}<- ${line}`));
        compare('the client hears', heard, lines);
      } else if (!isSetting(lines[0]!)) {
        happened.push(`${name}! ${lines[0]!}`);
        const [stage, act] = Object.entries(stages).find(([s]) => lines[0]!.startsWith(s)) ?? [];
        if (!stage || !act) throw new Error(`no such stage: ${lines[0]!}`);
        await act(name, lines[0]!.slice(stage.length + 1));
      }
    }
  } finally {
    for (const it of clients.values()) it.hangUp();
    await service.close();
  }
  const want = dialog.steps.flatMap(s => s.returned.map(r => r.line));
  const got = received(service.returnPort, want);
  happened.push(...got.map(line => `=> ${line}`), ...service.journal.map(line => `:: ${line}`));
  compare('the return port receives', got, want);
  if (dialog.journal.length > 0) compare('the journal says', service.journal, dialog.journal);
  for (const { content } of service.returnPort.messages) verify(content);
  return `${happened.join('\n')}\n`;
}

/** Tells the return port what to say until the client sends something again. */
function script(port: ReturnPort, [first, ...later]: readonly DialogStep[]): void {
  const next = later.findIndex(s => s.kind !== 'hear');
  const now = [first!, ...(next === -1 ? later : later.slice(0, next))];
  port.clearFaults();
  for (const line of now.flatMap(s => s.returned)) for (const fault of faults(line)) port.fault(fault);
}

/** One for each line in turn; one that does nothing keeps the next for the next time. */
function faults({ line, answers }: ReturnLine): Fault[] {
  const replies = answers.filter(a => !a.startsWith('('));
  const wait = /^\(waits (\d+)\)$/.exec(answers[0] ?? '')?.[1];
  const effects: Omit<Fault, 'at'> = {
    times: 1,
    ...(replies.length > 0 && { reply: replies.join('\r\n') }),
    ...(wait !== undefined && { delay: Number(wait) }),
    ...(answers.includes('(hangs up)') && { then: 'hang up' }),
    ...(answers.includes('(hangs)') && { then: 'hang' }),
  };
  const verb = /^(?:EHLO|XFORWARD|MAIL|RCPT|DATA|NOOP|RSET|QUIT)\b/.exec(line)?.[0];
  if (verb !== undefined) return [{ ...effects, at: verb as Step }];
  if (line === '(connects)') return [{ ...effects, at: replies.length > 0 ? 'greeting' : 'connect' }];
  if (line === '.') return [{ ...effects, at: replies[0]?.startsWith('2') ? 'stored' : 'dot' }];
  return answers.length > 0 ? [{ ...effects, at: 'body' }] : [];
}

/** What the return port received, from its transcript and its messages. */
function received(port: ReturnPort, want: readonly string[]): string[] {
  const messages = [...port.messages];
  const seen = new Set<string>();
  const lines = port.transcript.flatMap(entry => {
    const [, connection = '', arrow, text = ''] = /^(\d+) (\S+) (.*)$/s.exec(entry) ?? [];
    const connects = seen.has(connection) ? [] : ['(connects)'];
    seen.add(connection);
    if (arrow !== '->') return connects;
    const octets = /^\((\d+) bytes\)$/.exec(text)?.[1];
    if (octets === undefined) return [...connects, ...decodeLines(Buffer.from(`${text}\r\n`))];
    const at = messages.findIndex(m => `${m.connection}` === connection);
    if (messages[at]?.content.length !== Number(octets)) return ['(not kept)', '.'];
    const [message] = messages.splice(at, 1);
    const wire = message!.content.toString('latin1').replace(/(^|\r\n)\./g, '$1..');
    return [...decodeLines(Buffer.from(wire, 'latin1')), '.'];
  });
  const optional = ['(connects)', 'EHLO', 'QUIT'].filter(verb => !want.some(line => line.startsWith(verb)));
  const cut = port.cut.map(() => '(cut)');
  return [...lines.filter(line => !optional.some(verb => line.startsWith(verb))), ...cut];
}

/** Every signed message that is let out verifies. */
function verify(content: Buffer): void {
  const header = content.subarray(0, content.indexOf('\r\n\r\n')).toString();
  if (/^Content-Type: multipart\/signed/im.test(header))
    openssl(['cms', '-verify', '-CAfile', pki.root.certificate, '-out', '/dev/null'], content);
}
