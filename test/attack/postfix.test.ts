// Attack: a Postfix whose main.cf, master.cf and programs say what means harm to those who ask them. The postconf here is a
// script that says it: nothing of it is run, in the mends neither, and no terminal obeys it.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWords } from '../../src/cli/doctor.js';
import { forged, hostile, obeyed } from '../support/hostile.js';
import { Postseal, type Result } from '../cli/command.js';

const dir = mkdtempSync(join(tmpdir(), 'postseal-attack-'));
const postfix = join(dir, 'etc');
const bin = join(dir, 'bin');
const ran = join(dir, 'ran');
const ini = join(dir, 'postseal.ini');
const env = { PATH: `${bin}:${process.env['PATH']!}` };

/** One line of what postconf prints. */
const line = hostile.replace('\r\n', '\r');
const meta = `$(touch\${IFS}${ran});\`touch\${IFS}${ran}\`|touch\${IFS}${ran}&'"\\\x1b[2J\u202e`;
const large = 'x'.repeat(10_000_000);
const answers = {
  '-x': `config_directory = ${postfix}\nsmtpd_milters = ${meta}\nnon_smtpd_milters = ${line} opendkim\nmynetworks = ${large}\n`,
  '-n': `smtpd_milters = ${meta}\n${line} = ${line}\n`,
  '-M': `${meta} inet n - y - - smtpd\n${line} inet n - y - - smtpd\nsmtp inet n - y - - smtpd\n${meta} unix n - y - 1 pickup\n`,
  '-P': `${meta}/inet/content_filter = postseal:${meta}\nsmtp/inet/content_filter = postseal:${line}\n`,
  '-P -x': `${meta}/inet/content_filter = postseal:${meta}\nsmtp/inet/content_filter = postseal:${line}\nsmtp/inet/smtpd_recipient_restrictions = check_client_access hash:/dev/zero, check_client_access hash:${dir}/fifo, check_client_access hash:${dir}/blank\n`,
};

beforeAll(() => {
  for (const path of [postfix, bin]) mkdirSync(path);
  for (const [args, text] of Object.entries(answers)) writeFileSync(join(dir, `answer ${args}`), text);
  writeFileSync(
    join(bin, 'postconf'),
    `#!/bin/sh\n[ "$1" = -c ] && shift 2\nf="${dir}/answer $*"\n[ -f "$f" ] && exec cat "$f"\nexit 0\n`,
  );
  writeFileSync(join(bin, 'postfix'), `#!/bin/sh\nprintf 'bad: \\033[2J\\r\\n' >&2\nexit 1\n`);
  for (const name of ['postconf', 'postfix']) chmodSync(join(bin, name), 0o755);
  for (const name of ['main.cf', 'master.cf']) writeFileSync(join(postfix, name), `# ${line}\n`);
  writeFileSync(join(dir, 'blank'), '\n'.repeat(1_000_000));
  execFileSync('mkfifo', [join(dir, 'fifo')]);
  writeFileSync(ini, '[rule:x]\nsender = *@example.com\nsign = never\n');
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<Result & { text: string }> {
  const process = Postseal.start([...args, '--postfix', postfix], [], env);
  process.write('');
  const result = await process.end();
  const text = Buffer.from(result.stdout, 'latin1').toString() + result.stderr;
  expect(text).not.toMatch(obeyed);
  expect(text).not.toMatch(forged);
  expect(existsSync(ran)).toBe(false);
  return { ...result, text };
}

test('doctor: each mend is a command that a shell takes as what it is', async () => {
  const { code, text } = await run('doctor', '--config', ini);
  expect(code).toBe(78);
  expect(text).toContain('touch');
  expect(text.length).toBeLessThan(100_000);
  const mends = [...text.matchAll(/^ {4}(postconf .*)$/gm)].map(([, command]) => command!);
  expect(mends.some(command => command.includes('touch'))).toBe(true);
  execFileSync('sh', ['-ec', mends.join('\n')], { env });
  expect(existsSync(ran)).toBe(false);
});

test('of a value of 10 MB the doctor tells the beginning', () => {
  const finding = { severity: 'error', subject: 'x', text: large, mend: [] } as const;
  expect(inWords([finding], undefined).length).toBeLessThan(3000);
});

test('doctor for programs', async () => {
  const { stdout } = await run('doctor', '--json', '--config', ini);
  expect((JSON.parse(stdout) as { findings: object[] }).findings.length).toBeGreaterThan(3);
});

test.each([[[]], [['--apply', '--yes']], [['--services', meta]]])('wire %j', async args => {
  const { text } = await run('wire', '--config', ini, ...args);
  expect(text).not.toBe('');
});

const setting = { kind: 'main', name: meta, value: meta };
const option = { kind: 'option', service: meta, name: line.replaceAll(/\s/g, ''), value: 'x' };
const entry = { kind: 'service', service: meta, value: 'x' };
test.each<[string, number, unknown[]]>([
  [
    'what was never there',
    78,
    [
      { before: setting, after: { ...setting, value: line } },
      { before: { ...option, value: line }, after: option },
      { before: { ...entry, value: line }, after: entry },
    ],
  ],
  [
    'NUL',
    69,
    [{ before: { kind: 'main', name: 'x\0', value: 'y\0' }, after: { kind: 'main', name: 'x\0' } }],
  ],
  ['nothing', 66, [null]],
])('a record for --undo that names %s', async (_, status, changes) => {
  writeFileSync(join(postfix, 'postseal-wire.json'), JSON.stringify({ changes }));
  expect((await run('wire', '--undo', '--yes')).code).toBe(status);
});
