// `postseal wire` and `postseal doctor` at the command line, on configurations of which no Postfix runs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { calm, placeWiring, type PlacedWiring } from '../support/wirings.js';
import { postseal, type Result } from './command.js';

const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

describeWithPeers('wire and doctor', ['postfix'], () => {
  let directory: string;
  let count = 0;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-wire-cli-'));
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function place(name: string): PlacedWiring {
    return placeWiring(name, join(directory, String(count++)));
  }

  function run(
    command: 'wire' | 'doctor',
    { postfix, ini }: PlacedWiring,
    ...args: string[]
  ): Promise<Result> {
    calm(postfix);
    return postseal([command, '--config', ini, '--postfix', postfix, ...args]);
  }

  test.concurrent.each([
    ['smtp', '05-nobody-hands-over', /the public port 25, which must not be filtered/],
    ['smtpd', '25-postscreen', /the public port 25, which must not be filtered/],
    ['127.0.0.1:10026', '05-nobody-hands-over', /the return port, which must not be filtered/],
    [
      'submision',
      '05-nobody-hands-over',
      /master\.cf has no "submision" that takes mail \(have: submission, pickup\)/,
    ],
    ['587', '06-services-forgotten', /\(have: submission, pickup, submissions, 127\.0\.0\.1:10587\)/],
    ['cleanup', '05-nobody-hands-over', /master\.cf has no "cleanup" that takes mail/],
  ])('--services %s is a usage error', async (name, wiring, words) => {
    const { code, stdout, stderr } = await run('wire', place(wiring), '--services', name);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(words);
  });

  test('a return port that it made goes where the ini file names another, and --undo knows', async () => {
    const placed = place('19-return-port-missing');
    const services = (): string =>
      execFileSync('postconf', ['-c', placed.postfix, '-M'], { env, encoding: 'utf8' });
    const before = services();
    expect(await run('wire', placed, '--apply', '--yes')).toMatchObject({ code: 0 });
    expect(services()).toContain('127.0.0.1:10026');
    const ini = readFileSync(placed.ini, 'utf8');
    writeFileSync(placed.ini, `[service]\nreturn = unix:/var/spool/postfix/public/back\n${ini}`);
    expect(await run('wire', placed, '--apply', '--yes')).toMatchObject({ code: 0 });
    expect(services()).toMatch(/^back +unix/m);
    expect(services()).not.toContain('127.0.0.1:10026');
    expect(await run('wire', placed, '--undo', '--yes')).toMatchObject({ code: 0 });
    expect(services()).toBe(before);
  });

  test('a record that is none of ours is not obeyed', async () => {
    const placed = place('01-right-as-the-readme');
    const evil = { kind: 'main', name: '-e', value: 'x' };
    writeFileSync(
      join(placed.postfix, 'postseal-wire.json'),
      JSON.stringify({ changes: [{ before: evil, after: evil }] }),
    );
    const { code, stderr } = await run('wire', placed, '--undo', '--yes');
    expect(code).toBe(66);
    expect(stderr).toMatch(/postseal-wire\.json: is not what "postseal wire" writes/);
  });

  test('the doctor tells errors with 78, and the commands of its mends work in a shell', async () => {
    const placed = place('21-loop-by-main');
    const { code, stdout } = await run('doctor', placed);
    expect(code).toBe(78);
    expect(stdout).toMatch(/^error: 127\.0\.0\.1:10026\/inet: content_filter = .*a loop$/m);
    const commands = [...stdout.matchAll(/^ {4}(postconf .*)$/gm)].map(([, command]) => command!);
    expect(commands.length).toBeGreaterThan(3);
    execFileSync('sh', ['-ec', commands.join('\n')], { env });
    const { stdout: after } = await run('doctor', placed);
    expect(after).not.toContain('postconf');
    // What runs is not mended by that.
    expect(after).toMatch(/^error: 127\.0\.0\.1:10025: Postseal does not run/m);
  });

  test('the doctor tells programs the same', async () => {
    const { stdout } = await run('doctor', place('22-loop-by-option'), '--json');
    const { findings } = JSON.parse(stdout) as { findings: object[] };
    expect(findings).toContainEqual({
      severity: 'error',
      subject: '127.0.0.1:10026/inet',
      text: expect.stringMatching(/a loop$/) as string,
      mend: [
        expect.stringMatching(/^postconf -c \S+ -P '127\.0\.0\.1:10026\/inet\/content_filter='$/) as string,
      ],
    });
  });

  test.concurrent.each(['wire', 'doctor'] as const)('%s without a Postfix ends with 69', async command => {
    const { ini } = place('01-right-as-the-readme');
    const { code, stderr } = await postseal([command, '--config', ini, '--postfix', '/does/not/exist']);
    expect(code).toBe(69);
    expect(stderr).toMatch(/^postseal: postconf: .*\/does\/not\/exist/);
  });
});
