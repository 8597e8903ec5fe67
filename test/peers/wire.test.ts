// `postseal wire` makes of a Postfix that knows nothing of Postseal one that has its mail signed, and back again.
//
//   sendmail, smtp-source ──► Postfix ──► Postseal ──► the return port that wire made ──► maildir
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { postseal as run, type Result } from '../cli/command.js';
import { describeWithPeers, peer } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { freePort, Postfix, until } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';
import { Verifiers, verifierPeers } from '../support/verifiers.js';
import { calm, placeWiring } from '../support/wirings.js';

/** As where /etc is kept elsewhere, and main.cf has a password: for Postfix's group, here 12, alone. */
function linkedAndClosed(config: string): void {
  const [main, real] = [join(config, 'main.cf'), join(config, 'kept-main.cf')];
  renameSync(main, real);
  symlinkSync(real, main);
  chownSync(real, 0, 12);
  chmodSync(real, 0o640);
  calm(config);
}

const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
const closed = { link: true, gid: 12, mode: 0o640 };

function rights(config: string): typeof closed {
  const main = join(config, 'main.cf');
  const { gid, mode } = statSync(main);
  return { link: lstatSync(main).isSymbolicLink(), gid, mode: mode & 0o7777 };
}

describeWithPeers('wire', ['postfix', 'smtp-source', ...verifierPeers], () => {
  let directory: string;
  let verifiers: Verifiers;
  let postfix: Postfix;
  let postseal: PostsealProcess;
  let before: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-wire-test-'));
    const pki = makePki(directory);
    const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
    verifiers = new Verifiers(pki.root.certificate);
    const [listenPort, returnPort] = [await freePort(), await freePort()];
    postfix = await Postfix.start({
      postsealPort: listenPort,
      returnPort,
      unwired: true,
      // A server that sends by a relayhost over TLS, has a milter, maps addresses, and is strict about clients.
      main: {
        relayhost: '[smtp.example.org]:465',
        smtp_tls_wrappermode: 'yes',
        smtp_tls_security_level: 'encrypt',
        smtpd_milters: 'inet:127.0.0.1:8891',
        milter_default_action: 'accept',
        canonical_maps: 'inline:{anna@old.example=anna@example.com}',
        smtpd_client_restrictions: 'permit_mynetworks, reject',
        smtpd_sender_login_maps: 'inline:{kim@example.com=kim}',
        // A list with braces, whose white space counts.
        smtpd_sender_restrictions: 'check_sender_access inline:{ {bob@example.com = REJECT not he} }',
      },
    });
    postseal = await PostsealProcess.start({
      listenPort,
      returnPort,
      ini: `[certificate:anna]\nfile = ${anna.pem}\n[rule:anna]\nsender = anna@example.com\ncertificate = anna\n`,
    });
    before = asPostconfSees();
    linkedAndClosed(postfix.config);
  });

  afterAll(async () => {
    await postfix.remove();
    await postseal.remove();
    verifiers.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function postconf(...args: string[]): string {
    const program = peer('postfix').replace(/postfix$/, 'postconf');
    return execFileSync(program, ['-c', postfix.config, ...args], { encoding: 'utf8', stdio: 'pipe' });
  }

  function asPostconfSees(): string {
    return ['-n', '-M', '-P'].map(option => postconf(option).replaceAll(/[ \t]+/g, ' ')).join('\n');
  }

  function command(name: 'wire' | 'doctor', ...args: string[]): Promise<Result> {
    return run([name, '--config', postseal.config, '--postfix', postfix.config, ...args]);
  }

  function wire(...args: string[]): Promise<Result> {
    const services = args.includes('--undo')
      ? []
      : ['--services', `127.0.0.1:${postfix.submissionPort},pickup`];
    return command('wire', ...services, ...args);
  }

  async function findings(): Promise<string[]> {
    const { stdout } = await command('doctor', '--json');
    const { findings: all } = JSON.parse(stdout) as { findings: { subject: string; text: string }[] };
    // Of the files of this test the user postseal, where there is one, knows nothing.
    return all
      .filter(({ subject }) => !subject.startsWith('/'))
      .map(({ subject, text }) => `${subject}: ${text}`);
  }

  test('by itself, and where nobody can be asked, it shows the lines and changes nothing', async () => {
    const shown = await wire();
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain(`+    -o content_filter=postseal-local:[127.0.0.1]:`);
    expect(shown.stdout.match(/^\+postseal.*limit = \d+$/gm), 'in the same order each time').toEqual([
      '+postseal_destination_recipient_limit = 1000',
      '+postseal_destination_concurrency_limit = 20',
      '+postseal-local_destination_recipient_limit = 1',
    ]);
    const { code, stderr } = await wire('--apply');
    expect(code).toBe(64);
    expect(stderr).toBe(
      'postseal: nothing was changed: there is no terminal to ask on; with --yes nobody is asked\n',
    );
    expect(asPostconfSees()).toBe(before);
    expect((await findings()).join('\n')).toContain('no service hands mail to Postseal');
  });

  test('what it sets up signs, and the doctor finds nothing wrong with it', async () => {
    expect(await wire('--apply', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(rights(postfix.config)).toEqual(closed);
    expect(statSync(join(postfix.config, 'postseal-wire.json')).mode & 0o777).toBe(0o600);
    await postfix.stop();
    await postfix.restart();
    expect(await findings()).toEqual([]);

    expect(await postfix.smtpSource(['-f', 'bob@example.com', '-t', 'lee@example.net'])).toMatchObject({
      output: expect.stringContaining('Sender address rejected: not he') as string,
    });
    const message = Buffer.from('From: anna@old.example\nSubject: x\nMessage-ID: <w@example.com>\n\nGrüße\n');
    await postfix.sendmail('anna@old.example', ['kim@example.net'], message);
    await postfix.smtpSource(['-f', 'anna@example.com', '-t', 'lee@example.net'], message);
    const delivered = await postfix.delivered('Content-Type: multipart/signed', 2);
    expect(delivered.map(({ recipient }) => recipient)).toEqual(['kim@example.net', 'lee@example.net']);
    for (const { raw } of delivered) {
      expect(raw.toString()).toMatch(/^From: anna@example\.com$/m);
      expect(await verifiers.verify(raw)).toBe('good');
    }
  });

  test('a second time there is nothing to do', async () => {
    const wired = asPostconfSees();
    const { code, stdout } = await wire('--apply', '--yes');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `Nothing to do. Wired to Postseal: 127.0.0.1:${postfix.submissionPort}, pickup.\n`,
    });
    expect(asPostconfSees()).toBe(wired);
  });

  test('--undo refuses what was changed since, and names it', async () => {
    postconf('-P', 'pickup/unix/content_filter=other:[127.0.0.1]:9');
    const changed = asPostconfSees();
    const { code, stderr } = await wire('--undo', '--yes');
    expect(code).toBe(78);
    expect(stderr).toMatch(/^Nothing was undone\./);
    expect(stderr).toContain('pickup/unix/content_filter was changed since: "other:[127.0.0.1]:9"');
    expect(asPostconfSees()).toBe(changed);
    const left = /as postseal wire left it: (.*)$/m.exec(stderr)![1]!;
    execFileSync('sh', ['-c', left], { env });
  });

  test('--undo refuses to take a transport from others, and names them', async () => {
    postconf('-M', '127.0.0.1:9/inet=127.0.0.1:9 inet n - n - - smtpd');
    postconf('-P', '127.0.0.1:9/inet/content_filter=postseal:[127.0.0.1]:10');
    const used = asPostconfSees();
    const { code, stderr } = await wire('--undo', '--yes');
    expect(code).toBe(78);
    expect(stderr).toContain('127.0.0.1:9/inet/content_filter = postseal:[127.0.0.1]:10');
    expect(stderr).not.toContain('pickup');
    expect(asPostconfSees()).toBe(used);
    postconf('-MX', '127.0.0.1:9/inet');
  });

  test('--undo sets back everything, and has nothing more to undo then', async () => {
    expect(await wire('--undo', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(rights(postfix.config)).toEqual(closed);
    expect(asPostconfSees()).toBe(before);
    expect(await wire('--undo', '--yes')).toMatchObject({ code: 66 });
  });

  test('mail that waited for Postseal goes on with what --undo says', async () => {
    expect(await wire('--apply', '--yes')).toMatchObject({ code: 0 });
    await postfix.stop();
    await postfix.restart();
    await postseal.stop();
    await postfix.smtpSource(['-f', 'anna@example.com', '-t', 'max@example.net']);
    const deferred = (why: string) => () => postfix.log().includes(why);
    await until('a deferral', deferred('Connection refused'));
    const { stdout } = await wire('--undo', '--yes');
    await postfix.stop();
    await postfix.restart();
    await postfix.flush();
    await until('another', deferred('mail transport unavailable'));
    const [, command] = /in the queue: (postsuper .*)$/m.exec(stdout)!;
    execFileSync('sh', ['-c', command!.replace('postsuper', `$& -c ${postfix.config}`)], {
      env,
      stdio: 'pipe',
    });
    // pickup looks once a minute, and when somebody calls sendmail.
    await postfix.sendmail('anna@example.com', ['lee@example.net'], Buffer.from('Subject: x\n\n'));
    await postfix.delivered('X-Original-To: max@example.net');
  });

  test('what Postfix does not accept is as it was, to the byte', async () => {
    const placed = placeWiring('05-nobody-hands-over', join(directory, 'unaccepted'));
    const texts = (): string[] =>
      ['main.cf', 'master.cf'].map(name => readFileSync(join(placed.postfix, name), 'latin1'));
    // No Postfix starts with that.
    appendFileSync(join(placed.postfix, 'main.cf'), 'mail_owner = nobody-of-that-name\n');
    calm(placed.postfix);
    linkedAndClosed(placed.postfix);
    const before = texts();
    const { code, stderr } = await run([
      'wire',
      '--config',
      placed.ini,
      '--postfix',
      placed.postfix,
      '--apply',
      '--yes',
    ]);
    expect(code).toBe(69);
    expect(stderr).toBe(
      'postseal: postfix: check fails, and the mail log says why\n' +
        'postseal: Nothing was changed: main.cf and master.cf are as they were\n',
    );
    expect(texts()).toEqual(before);
    expect(rights(placed.postfix)).toEqual(closed);
    expect(existsSync(join(placed.postfix, 'postseal-wire.json'))).toBe(false);
  });
});

//   smtp-source ──► Postfix ──► Postseal ──► [::1]:PORT, the return port that wire made ──► maildir
describeWithPeers('wire, with the return port on ::1', ['postfix', 'smtp-source', 'openssl'], () => {
  test('makes one that takes the mail', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-wire-test-'));
    const anna = makePki(directory).issue({ name: 'anna', addresses: ['anna@example.com'] });
    const [listenPort, returnPort] = [await freePort(), await freePort()];
    const postfix = await Postfix.start({
      postsealPort: listenPort,
      returnPort,
      unwired: true,
      main: { inet_protocols: 'all', inet_interfaces: 'loopback-only' },
    });
    onTestFinished(() => postfix.remove());
    const postseal = await PostsealProcess.start({
      listenPort,
      returnPort,
      returnAddress: '[::1]',
      ini: `[certificate:anna]\nfile = ${anna.pem}\n[rule:anna]\nsender = anna@example.com\ncertificate = anna\n`,
    });
    onTestFinished(async () => {
      await postseal.remove();
      rmSync(directory, { recursive: true, force: true });
    });
    const services = `127.0.0.1:${postfix.submissionPort}`;
    const files = ['--config', postseal.config, '--postfix', postfix.config];
    const done = await run(['wire', ...files, '--services', services, '--apply', '--yes']);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    await postfix.stop();
    await postfix.restart();
    const message = Buffer.from('From: anna@example.com\nSubject: x\nMessage-ID: <w@example.com>\n\nHello\n');
    await postfix.smtpSource(['-f', 'anna@example.com', '-t', 'lee@example.net'], message);
    const [delivered] = await postfix.delivered('<w@example.com>');
    expect(delivered).toMatchObject({ sender: 'anna@example.com', recipient: 'lee@example.net' });
    expect(delivered!.raw.toString()).toContain('Content-Type: multipart/signed');
  });
});
