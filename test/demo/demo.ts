// The main job of Postseal, end to end, on throw-away everything. Its path:
//
//   this program ──SMTP──► postseal serve ──SMTP──► embedded return port ──► demo/signed.eml ──► openssl
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { obstacle } from '../support/peers.js';
import { makePki, openssl } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { Service } from '../support/service.js';
import { sendMail } from '../support/smtp-client.js';
import { flipped } from '../support/verifiers.js';
import { originalMessage, recipient, sender } from './message.js';
import { drawTree } from './tree.js';

const root = join(import.meta.dirname, '..', '..');

const { values } = parseArgs({
  options: {
    /** Where to leave everything. */
    directory: { type: 'string', default: join(root, 'demo') },
    /** Run Postseal from src through tsx instead of dist; the test does. */
  },
});
const directory = resolve(values.directory);
const at = (...names: string[]): string => join(directory, ...names);
/** A path as one would type it here. */
const shown = (...names: string[]): string => relative(process.cwd(), at(...names)) || '.';

const coloured = process.stdout.isTTY && !process.env['NO_COLOR'];
const paint =
  (code: number) =>
  (text: string): string =>
    coloured ? `\x1b[${code}m${text}\x1b[0m` : text;
const [bold, dim, green, red] = [paint(1), paint(2), paint(32), paint(31)];

let steps = 0;
function step(title: string): void {
  process.stdout.write(`\n${bold(`${++steps}. ${title}`)}\n`);
}
function tell(...lines: string[]): void {
  for (const line of lines) process.stdout.write(`   ${line}\n`);
}

function iniFile(listenPort: number, returnPort: number): string {
  return `; A small but whole configuration of Postseal, made by \`npm run demo\`.

; Postfix hands mail in at "listen" and takes it back at "return".
[service]
listen = 127.0.0.1:${listenPort}
return = 127.0.0.1:${returnPort}

; Key, certificate and the certificates of its issuers, in one PKCS#12 file.
[certificate:anna]
file = certs/anna.p12
password_file = certs/anna.pass

; What ${sender} sends is signed with it, always.
[rule:anna]
sender = ${sender}
certificate = anna

; Except for these recipients, who get the same mail unsigned.
[exception:phones]
recipient = *@phones.example
`;
}

/** Writes demo/ca.pem and demo/certs. */
function makeCertificates(): void {
  mkdirSync(at('certs'), { recursive: true });
  const pki = makePki(at('pki'));
  const anna = pki.issue({ name: 'anna', addresses: [sender], subject: '/O=Postseal Demo/CN=Anna Example' });
  copyFileSync(pki.root.certificate, at('ca.pem'));
  copyFileSync(anna.p12, at('certs', 'anna.p12'));
  writeFileSync(at('certs', 'anna.pass'), `${anna.password}\n`, { mode: 0o600 });
  rmSync(at('pki'), { recursive: true });
}

/** Sends the message through Postseal. @returns what arrived, and the journal's line about it */
async function passThrough(message: Buffer): Promise<{ signed: Buffer; journal: string }> {
  const queueId = '4cZx9T2Kq1zL7';
  const returnPort = await ReturnPort.start();
  const listenPort = await freePort();
  writeFileSync(at('postseal.ini'), iniFile(listenPort, returnPort.port));
  const service = await Service.start({
    config: at('postseal.ini'),
    journal: at('journal.log'),
  });
  try {
    tell(dim(service.lines('ready').join('\n')));
    const xforward = `NAME=laptop.example.com ADDR=192.0.2.7 IDENT=${queueId}`;
    step(`Send a message through it, as Postfix would`);
    tell(`from ${sender} to ${recipient}: 8-bit text, HTML, an attachment; ${message.length} bytes`);
    const reply = await sendMail({
      port: listenPort,
      sender,
      recipients: [recipient],
      xforward,
      content: [message],
    });
    tell(`Postseal answers: ${reply}`);
    const [arrived] = await returnPort.received(1);
    const journal = service.lines(`${queueId}: from=`)[0] ?? '';
    return { signed: arrived!.content, journal };
  } finally {
    await service.stop();
    await returnPort.close();
  }
}

/** What OpenSSL says of a message: undefined if the signature is good, else its reason in words. */
function verdict(message: Buffer): string | undefined {
  try {
    openssl(['cms', '-verify', '-CAfile', at('ca.pem'), '-purpose', 'smimesign'], message);
    return undefined;
  } catch (error) {
    const words = error instanceof Error ? error.message.split('\n') : [String(error)];
    const reason = words.find(line => /:error:/.test(line)) ?? words[1] ?? words[0]!;
    return reason.split(':').slice(5, 6).join('') || reason;
  }
}

async function demo(): Promise<boolean> {
  const missing = obstacle(['openssl']);
  if (missing !== undefined) throw new Error(`the openssl command is missing: ${missing} (Debian package)`);

  step('Make a throw-away CA, and a certificate for the sender');
  mkdirSync(directory, { recursive: true });
  makeCertificates();
  const message = originalMessage();
  writeFileSync(at('original.eml'), message);
  tell(`${shown('ca.pem')}, ${shown('certs', 'anna.p12')}`);

  step(`Start Postseal with ${shown('postseal.ini')}`);
  const { signed, journal } = await passThrough(message);
  writeFileSync(at('signed.eml'), signed);

  step('What was decided (the line in the journal, led by the queue id)');
  tell(journal);

  step('What came out');
  tell(...drawTree(signed));

  step('Does it verify?');
  tell(dim(`openssl cms -verify -CAfile ${shown('ca.pem')} -in ${shown('signed.eml')}`));
  const complaint = verdict(signed);
  tell(complaint === undefined ? green('yes: OpenSSL verifies the signature') : red(`NO: ${complaint}`));
  const refusal = verdict(flipped(signed));
  tell(
    refusal === undefined
      ? red('NO: OpenSSL takes it with one byte changed, too')
      : green(`and with one byte changed OpenSSL refuses it: ${refusal}`),
  );

  const config = `--config ${shown('postseal.ini')}`;
  const original = shown('original.eml');
  process.stdout.write(`\n${bold('To look at')}\n`);
  tell(`${original}, ${shown('signed.eml')}, ${shown('postseal.ini')}, ${shown('ca.pem')}`);
  process.stdout.write(`\n${bold('To try next')}\n`);
  tell(
    `node dist/main.js verify --ca ${shown('ca.pem')} ${shown('signed.eml')}`,
    `node dist/main.js check ${config}`,
    `node dist/main.js explain ${config} --recipient kim@phones.example < ${original}`,
    `node dist/main.js sign ${config} < ${original} > again.eml`,
  );
  return complaint === undefined && refusal !== undefined;
}

// Whatever was started ends with this process, when it is interrupted too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  process.stderr.write(
    `${red('The demo failed:')} ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
}
