// SMTP conversations as files: test/dialog/NN-name.txt, each against a service and a return port of its own.
//
//   # a comment; what the dialog shows
//   ! max_hops = 1                   a line of [service], or something that happens at this point (see `stages`)
//   -> MAIL FROM:<a@b.example>       the client sends it; lines below one another go in one packet,
//                                    an empty line or a comment in between makes two of them
//   <- 250 2.1.0 Ok                  it must hear that; (closed) is the end of the connection
//   -> 9 × RCPT TO:<b#@b.example>    nine such lines, with # as the number of each; for other lines, too
//   2-> NOOP                         another client, which connects when it is first named
//   => MAIL FROM:<a@b.example>       the return port must receive that
//   <= 450 4.2.0 Later               and says this to it, instead of what a return port usually says;
//                                    several make a reply of several lines; (hangs up) and (hangs) are other ways
//   :: NOQUEUE: from=<>, …           the lines of the journal, all of them, where a dialog has any
//
// … stands for any text; alone for any number of lines. Lines are UTF-8 and end in CRLF on the wire; escapes
// are \r \n \xHH \\, and a lone backslash at the end means no CRLF. Content is written as on the wire, dots
// doubled, up to the line with the final dot. All the => lines together are what the return port received, in
// the order of arrival. Three of them come only in dialogs that name them: `(connects)`, EHLO and QUIT.
// `(not kept)` is content that it did not accept, `(cut)` content without a final dot.
//
// Where a dialog goes another way, what happened is written to NN-name.got.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DialogClient } from './support/dialog-client.js';
import { decodeLines, encodeLine, matchesLines, readDialog, type ReturnLine } from './support/dialog-file.js';
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
  test.concurrent.each(files.filter(f => f.endsWith('.txt')).sort())('%s', name => play(name));
});

/** Some that show each step of a transaction, from the greeting to the final reply. */
const overSockets = [
  '01-greeting.txt',
  '02-signed.txt',
  '05-odd-addresses.txt',
  '08-dsn.txt',
  '35-hangs-up.txt',
  '55-lmtp-one-copy-fails.txt',
  '61-refreshed.txt',
  '65-several-lines.txt',
];

describe('the same over UNIX sockets, in and out', () => {
  test.concurrent.each(overSockets)('%s', name => play(name, true));
});

async function play(name: string, sockets = false): Promise<void> {
  const wrong: string[] = [];
  const got = await run(readFileSync(join(root, name), 'utf8'), wrong, sockets);
  const gotFile = join(root, name.replace(/\.txt$/, sockets ? '.socket.got' : '.got'));
  if (wrong.length > 0) writeFileSync(gotFile, got);
  else rmSync(gotFile, { force: true });
  expect(wrong.join('\n\n')).toBe('');
}

/** @returns what happened; what went another way is put into `wrong` */
async function run(text: string, wrong: string[], sockets = false): Promise<string> {
  const dialog = readDialog(text);
  const returned = dialog.steps.flatMap(s => s.returned);
  const settings = dialog.steps.filter(s => s.kind === 'stage').map(s => s.lines[0]!);
  const isSetting = (line: string): boolean => /^[a-z_]+ = /.test(line);
  const service = await DialogService.start(certificate, settings.filter(isSetting), sockets);
  const clients = new Map<string, DialogClient>();
  const happened: string[] = [];
  const compare = (what: string, got: readonly string[], want: readonly string[]): void => {
    if (!matchesLines(got, want))
      wrong.push(`${what}\n  ${got.join('\n  ')}\nbut should\n  ${want.join('\n  ')}`);
  };
  const client = async (name: string): Promise<DialogClient> => {
    const known = clients.get(name) ?? (await DialogClient.connect(service.where));
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
    /** Instead of EHLO, once greeted. */
    'says LHLO': async name => {
      compare('the client hears', [await (await client(name)).ask('LHLO client.example')], ['250-…']);
    },
    'connects from': async (name, localAddress) => {
      clients.set(name, await DialogClient.connect({ ...service.where, localAddress }));
    },
    'hangs up': async name => {
      (await client(name)).hangUp();
    },
    'the return port has said': async (_, words) => {
      await vi.waitFor(() => {
        expect(service.returnPort.transcript.join('\n')).toContain(`<- ${words}`);
      }, 5000);
    },
    'the journal has spoken': async () => {
      await vi.waitFor(() => {
        expect(service.journal).not.toEqual([]);
      }, 5000);
    },
    /** Long enough for a packet to arrive alone. */
    pauses: () => new Promise(resolve => setTimeout(resolve, 40)),
    'sends octets': async (name, count) => {
      (await client(name)).send(`${'x'.repeat(78)}\r\n`.repeat(Number(count) / 80));
    },
    /** For all that goes by the clock, and not by what somebody does. */
    'a minute passes': () => {
      service.passed += 60_000;
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
    /** From its next EHLO reply on, and nothing else. */
    'the return port offers': (_, offered) => {
      service.returnPort.extensions = offered === '' ? [] : offered.split(', ');
    },
  };

  try {
    for (const line of returned) for (const fault of faults(line)) service.returnPort.fault(fault);
    for (const { kind, client: name, lines } of dialog.steps) {
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
  const want = returned.map(r => r.line);
  const got = received(service.returnPort, want);
  happened.push(...got.map(line => `=> ${line}`), ...service.journal.map(line => `:: ${line}`));
  compare('the return port receives', got, want);
  if (dialog.journal.length > 0) compare('the journal says', service.journal, dialog.journal);
  for (const { content } of service.returnPort.messages) verify(content);
  return `${happened.join('\n')}\n`;
}

/** What goes wrong at the steps that a line for the return port stands for; most of the time it is nothing. */
function faults({ line, answers }: ReturnLine): Fault[] {
  const replies = answers.filter(a => !a.startsWith('('));
  const wrong: Omit<Fault, 'at'> = {
    times: 1,
    ...(replies.length > 0 && { reply: replies.join('\r\n') }),
    ...(answers.includes('(hangs up)') && { then: 'hang up' }),
    ...(answers.includes('(hangs)') && { then: 'hang' }),
  };
  // Faults strike in their order: one that does nothing keeps the next one for the next time.
  const nothing = { times: 1 };
  const verb = /^(?:EHLO|XFORWARD|MAIL|RCPT|DATA|NOOP|RSET|QUIT)\b/.exec(line)?.[0];
  if (verb !== undefined) return [{ ...wrong, at: verb as Step }];
  if (line === '(connects)') {
    if (replies.length > 0)
      return [
        { ...nothing, at: 'connect' },
        { ...wrong, at: 'greeting' },
      ];
    return [
      { ...wrong, at: 'connect' },
      ...(answers.length > 0 ? [] : [{ ...nothing, at: 'greeting' as const }]),
    ];
  }
  if (line === '(cut)') return [{ ...wrong, at: 'body', afterBytes: 1 }];
  if (line !== '.') return [];
  const body: Fault = { ...nothing, at: 'body', afterBytes: 1 };
  const isKept = answers.length === 0 || replies[0]?.startsWith('2');
  return isKept
    ? [body, { ...nothing, at: 'dot' }, { ...wrong, at: 'stored' }]
    : [body, { ...wrong, at: 'dot' }];
}

/** What the return port received, from its transcript and its messages. */
function received(port: ReturnPort, want: readonly string[]): string[] {
  const messages = [...port.messages];
  const seen = new Set<string>();
  const lines = port.transcript.flatMap((entry, i) => {
    const [, connection = '', arrow, text = ''] = /^(\d+) (\S+) (.*)$/s.exec(entry) ?? [];
    const connects = seen.has(connection) ? [] : ['(connects)'];
    seen.add(connection);
    const later = port.transcript.slice(i + 1).filter(line => line.startsWith(`${connection} `));
    if (arrow === '<-' && text === '354 End data with <CR><LF>.<CR><LF>')
      return later.some(line => line.startsWith(`${connection} ->`)) ? [] : ['(cut)'];
    if (arrow !== '->') return connects;
    const octets = /^\((\d+) bytes\)$/.exec(text)?.[1];
    if (octets === undefined) return [...connects, ...decodeLines(Buffer.from(`${text}\r\n`))];
    if (!later[0]?.startsWith(`${connection} <- 2`)) return ['(not kept)', '.'];
    const at = messages.findIndex(m => `${m.connection}` === connection);
    const [message] = messages.splice(at, 1);
    const wire = message!.content.toString('latin1').replace(/(^|\r\n)\./g, '$1..');
    return [...decodeLines(Buffer.from(wire, 'latin1')), '.'];
  });
  const optional = ['(connects)', 'EHLO', 'QUIT'].filter(verb => !want.some(line => line.startsWith(verb)));
  return lines.filter(line => !optional.some(verb => line.startsWith(verb)));
}

/** Every signed message that is let out verifies. */
function verify(content: Buffer): void {
  const header = content.subarray(0, content.indexOf('\r\n\r\n')).toString();
  if (/^Content-Type: multipart\/signed/im.test(header))
    openssl(['cms', '-verify', '-CAfile', pki.root.certificate, '-out', '/dev/null'], content);
}
