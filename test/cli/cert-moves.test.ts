// What `postseal cert remove` and `replace` move away, and what stays because something else leads to it.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { load } from '../../src/service/load.js';
import { openssl, type Request } from '../support/pki.js';
import { temporaryPki } from '../support/pki-temporary.js';
import { House, run } from './cert-house.js';

const pki = temporaryPki();
const issue = (name: string, more: Partial<Request> = {}) =>
  pki.issue({ name, addresses: [`${name}@example.com`], key: 'p256', ...more });
const billing = issue('billing');
const renewed = issue('renewed', { addresses: ['billing@example.com'], freshKey: true });
const anna = issue('anna');
const staff = '[certificates:staff]\ndirectory = staff\n';
const section = (name: string, file = `certs/${name}.pem`): string =>
  `[certificate:${name}]\nfile = ${file}\n`;

/** A house with a file of key and certificate. */
function houseWith(text: string, ...paths: string[]): House {
  const house = new House(pki.dir, text);
  for (const path of paths) {
    mkdirSync(house.path(path, '..'), { recursive: true });
    writeFileSync(house.path(path), readFileSync(billing.pem));
  }
  return house;
}

async function problemsOf(ini: string): Promise<string[]> {
  const loaded = await load(ini);
  const found = 'problems' in loaded ? loaded.problems : loaded.installation.findings;
  return found.filter(f => f.severity === 'error').map(f => f.message);
}

describe('a password that stands in the ini file becomes a file beside what it opens', () => {
  test.each(['remove', 'replace'])('%s', async command => {
    const house = new House(
      pki.dir,
      '[certificate:billing]\nfile = it.p12\npassword = "Tr0ub4dor ; 3" ; mine\n',
    );
    const p12 = issue('old', { addresses: ['billing@example.com'], password: 'Tr0ub4dor ; 3' }).p12;
    writeFileSync(house.path('it.p12'), readFileSync(p12));
    const { code, out } = await house.cert(
      command,
      'billing',
      ...(command === 'replace' ? [renewed.pem] : []),
    );
    expect(code).toBe(0);
    expect(house.text).not.toContain('Tr0ub4dor');
    const [file, pass] =
      command === 'remove'
        ? ['certs/removed/it.p12', 'certs/removed/it.p12.pass']
        : ['it.p12.old', 'certs/it.p12.pass.old'];
    for (const path of [file, pass]) expect(out).toContain(`${house.path(path)}\n`);
    openssl(['pkcs12', '-in', house.path(file), '-passin', `file:${house.path(pass)}`, '-noout']);
    expect((statSync(house.path(pass)).mode & 0o777).toString(8)).toBe('640');
  });
});

describe('a password that stands in the ini file is kept', () => {
  const secret = 'password = "Tr0ub4dor"\n';
  test.each<[string, string, string[], string]>([
    ['of a credential', 'file = credential:it.p12\n', [], 'it.p12.pass'],
    ['of a file that is gone', 'file = it.pem\nkey = it.key\n', [], 'it.pem.pass'],
    ['where a file has its name', 'file = it.p12\n', ['it.p12.pass'], 'it.p12-2.pass'],
  ])('%s', async (_, lines, there, pass) => {
    const house = new House(pki.dir, `[certificate:billing]\n${lines}${secret}`);
    mkdirSync(house.path('certs'));
    for (const name of there) writeFileSync(house.path('certs', name), 'another\n');
    const { code } = await house.cert('remove', 'billing');
    expect(code).toBe(0);
    expect(house.text).not.toContain('Tr0ub4dor');
    expect(readFileSync(house.path('certs/removed', pass), 'latin1')).toBe('Tr0ub4dor\n');
    for (const name of there) expect(readFileSync(house.path('certs', name), 'latin1')).toBe('another\n');
  });
});

describe('a file stays where it is', () => {
  test.each([
    ['a symbolic link', symlinkSync],
    ['a hard link', linkSync],
  ])('as %s: to shred it would be to shred what it stands for', async (_, link) => {
    const house = houseWith(section('a'), 'certs/other');
    link(house.path('certs/other'), house.path('certs/a.pem'));
    const { code, out } = await house.cert('remove', 'a');
    expect(code).toBe(0);
    expect(out).toContain(`${house.path('certs/a.pem')} is not moved: it is a link, or no file.`);
    expect(out).not.toContain('shred');
    expect(readdirSync(house.path('certs')).sort()).toEqual(['a.pem', 'other', 'removed']);
  });

  test('where another section leads to it by another name', async () => {
    const house = houseWith(section('a') + section('b'), 'certs/a.pem');
    symlinkSync('a.pem', house.path('certs/b.pem'));
    const { out } = await house.cert('remove', 'a');
    expect(out).toContain(`a.pem is not moved: [certificate:b] leads to it.`);
    expect(await problemsOf(house.ini)).toEqual([]);
  });

  test.each(['remove', 'replace'])('where the ini file of another instance names it: %s', async command => {
    const house = houseWith(section('a'), 'certs/a.pem');
    const second = house.path('second.ini');
    writeFileSync(second, section('mine', 'certs/a.pem'));
    const { code, out } = await house.cert(command, 'a', ...(command === 'replace' ? [renewed.pem] : []));
    expect(code).toBe(0);
    expect(out).toContain(`[certificate:mine] of ${second} leads to it.`);
    expect(await problemsOf(second)).toEqual([]);
  });

  test('in a directory that a section has', async () => {
    const house = houseWith(staff + section('a', 'staff/a.pem'), 'staff/a.pem');
    expect((await house.cert('remove', 'a')).out).toContain('[certificates:staff] leads to it.');
    expect(existsSync(house.path('staff/a.pem'))).toBe(true);
  });
});

describe('a file of a directory is removed by being moved', () => {
  test.each<[string, (house: House) => string, RegExp]>([
    [
      'that a section names',
      house => {
        writeFileSync(house.ini, staff + section('a', 'staff/a.pem'));
        return 'staff/a.pem';
      },
      /staff\/a\.pem: is not moved: \[certificate:a\] leads to it; take it away yourself/,
    ],
    [
      'in a directory that the ini file of another instance has',
      house => {
        writeFileSync(house.path('second.ini'), staff);
        return 'staff/a.pem';
      },
      /\[certificates:staff\] of \S+second\.ini leads to it/,
    ],
    [
      'in a directory that another section has',
      house => {
        writeFileSync(house.ini, `${staff}[certificates:more]\ndirectory = staff\n`);
        return 'staff/a.pem';
      },
      /\[certificates:more\] leads to it/,
    ],
    [
      'that is a link',
      house => {
        renameSync(house.path('staff/a.pem'), house.path('a.pem'));
        symlinkSync('../a.pem', house.path('staff/a.pem'));
        return 'staff/a.pem';
      },
      /it is a link, or no file/,
    ],
    [
      'in a directory elsewhere',
      house => {
        const outside = mkdtempSync(join(pki.dir, 'outside-'));
        renameSync(house.path('staff/a.pem'), join(outside, 'a.pem'));
        writeFileSync(house.ini, `[certificates:staff]\ndirectory = ${outside}\n`);
        return 'staff/a.pem';
      },
      /it is not below/,
    ],
  ])('but not one %s', async (_, arrange, words) => {
    const house = houseWith(staff, 'staff/a.pem');
    const name = arrange(house);
    const { code, err } = await house.cert('remove', name);
    expect(code).toBe(78);
    expect(err).toMatch(words);
    expect((await house.cert('list')).out).toContain('staff/a.pem');
    expect(await problemsOf(house.ini)).toEqual([]);
  });

  test('and not held back by a link to the ini file', async () => {
    const house = houseWith(staff, 'staff/a.pem');
    symlinkSync('postseal.ini', house.path('link.ini'));
    expect((await house.cert('remove', 'staff/a.pem')).code).toBe(0);
    const linked = houseWith(staff, 'staff/a.pem');
    symlinkSync('postseal.ini', linked.path('link.ini'));
    expect((await run(['remove', 'staff/a.pem', '--config', linked.path('link.ini')])).code).toBe(0);
  });

  test('and no other than a file: of a directory that cannot be read its problem is told', async () => {
    const house = houseWith(`${staff}password_file = gone.pass\n`, 'staff/a.pem');
    const { code, err } = await house.cert('remove', 'staff');
    expect({ code, err }).toEqual({
      code: 64,
      err: '"staff" is not a certificate but a directory of some, and cannot be used: gone.pass: does not exist\n',
    });
  });

  test('and what is to be typed and shown is fit for a shell and a terminal', async () => {
    const house = houseWith(staff, 'staff/anna smith.pem', 'staff/b\u001b[2J.pem');
    const { out } = await house.cert('remove', 'staff/anna smith.pem');
    const [command] = /shred -u .*/.exec(out)!;
    execFileSync('sh', ['-c', command]);
    expect(readdirSync(house.path('certs/removed'))).toEqual([]);
    for (const args of [
      ['list'],
      ['show', 'staff/b\u001b[2J.pem'],
      ['remove', 'staff/b\u001b[2J.pem'],
    ] as const)
      expect((await house.cert(...(args as [string]))).out).not.toContain('\u001b[2J');
  });
});

describe('a key that waits for its certificate', () => {
  const bare = (name: string): string => {
    const path = join(pki.dir, `${name}.crt`);
    writeFileSync(path, readFileSync(anna.certificate));
    return path;
  };

  test.each([
    ['has its request beside it', '', false],
    ['is not what the ini file of another instance names', section('x') + 'key = certs/anna.key\n', true],
  ])('%s', async (_, second, request) => {
    const house = new House(pki.dir, '');
    mkdirSync(house.path('certs'));
    writeFileSync(house.path('certs/anna.key'), readFileSync(anna.key));
    if (request)
      writeFileSync(
        house.path('certs/anna.csr'),
        openssl(['req', '-new', '-key', anna.key, '-subj', '/CN=anna']),
      );
    writeFileSync(house.path('second.ini'), second);
    const { code, err } = await house.cert('add', bare('anna'));
    expect(code).toBe(66);
    expect(err).toContain('holds a certificate, but no private key');
    expect(existsSync(house.path('certs/anna.key'))).toBe(true);
  });
});
