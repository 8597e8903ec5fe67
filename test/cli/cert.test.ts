// `postseal cert`: what it stores with which rights, what becomes of the ini file, and what it tells.
import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read.js';
import { load } from '../../src/service/load.js';
import { entry } from '../support/entry.js';
import { describeWithPeers, peer } from '../support/peers.js';
import { openssl, type Request } from '../support/pki.js';
import { put, temporaryPki } from '../support/pki-temporary.js';
import { House, run } from './cert-house.js';
import { Postseal, postseal, secretsOf } from './command.js';

const pki = temporaryPki();
const password = 'Tr0ub4dor & 3';
const day = 86_400_000;
const from = (days: number): Date => new Date(Date.now() + days * day);
const issue = (name: string, more: Partial<Request> = {}) =>
  pki.issue({ name, addresses: [`${name}@example.com`], key: 'p256', password, ...more });
const billing = issue('billing');
const renewed = issue('renewed', { addresses: ['billing@example.com', 'bills@example.com'], freshKey: true });
const anna = issue('anna');
const pass = put(pki, 'pass', `${password}\n`);
const isRoot = process.getuid?.() === 0;

const rule = '[rule:invoices]\nsender = billing@example.com\ncertificate = billing ; the one\n';
const staff =
  '[certificates:staff]\ndirectory = staff\n[rule:staff]\nsender = *@example.com\ncertificates = staff\n';
const stamp = (date: Date): string => date.toISOString().slice(0, 10).replaceAll('-', '');
const text = (path: string): string => readFileSync(path, 'latin1');
const rights = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

/** Runs a program on a terminal, types once it is asked for a password, and prints what was to be seen. */
const terminal = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
typed = False
while True:
    try:
        more = os.read(fd, 1000)
    except OSError:
        break
    if not more:
        break
    seen += more
    if not typed and seen.endswith(b': '):
        typed = True
        os.write(fd, os.environ['TYPED'].encode())
sys.stdout.buffer.write(seen)
`;

/** Loads without anything to complain of. */
async function names({ ini }: House): Promise<string[]> {
  const loaded = await load(ini);
  if ('problems' in loaded) throw new Error(loaded.problems.map(p => p.message).join('\n'));
  expect(loaded.installation.findings.map(f => f.message)).toEqual([]);
  return loaded.installation.identities.map(i => i.identity.name);
}

/** A house with [certificate:billing], added. */
async function billed(more = rule): Promise<House> {
  const house = new House(pki.dir, more);
  expect(await house.cert('add', billing.pem)).toMatchObject({ code: 0, err: '' });
  return house;
}

describe('add', () => {
  test('PKCS#12 is stored as it is, with its password beside, for root and the group of the service', async () => {
    const before = '; m\xfcller\r\n';
    const house = new House(pki.dir, Buffer.from(before, 'latin1'));
    if (isRoot) {
      chownSync(house.directory, 0, 1234);
      chownSync(house.ini, 12, 34);
    }
    chmodSync(house.ini, 0o604);
    writeFileSync(house.ini, '; caf\u00e9\r\n'); // UTF-8, lines from Windows
    const { code, out, err } = await run(
      ['add', billing.p12, '--password-file', pass, '--config', house.ini],
      secretsOf(billing),
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(readFileSync(house.ini, 'utf8')).toBe(
      '; caf\u00e9\r\n\r\n[certificate:billing]\r\nfile = certs/billing.p12\r\npassword_file = certs/billing.pass\r\n',
    );
    expect(readFileSync(house.path('certs/billing.p12'))).toEqual(readFileSync(billing.p12));
    expect(text(house.path('certs/billing.pass'))).toBe(`${password}\n`);
    expect(
      ['certs', 'certs/billing.p12', 'certs/billing.pass', 'postseal.ini'].map(p => rights(house.path(p))),
    ).toEqual(['750', '640', '640', '604']);
    if (isRoot) {
      for (const path of ['certs', 'certs/billing.p12', 'certs/billing.pass'])
        expect(statSync(house.path(path))).toMatchObject({ uid: 0, gid: 1234 });
      expect(statSync(house.ini)).toMatchObject({ uid: 12, gid: 34 });
    }
    expect(readdirSync(house.directory).sort()).toEqual(['certs', 'postseal.ini']);
    expect(out).toContain('[rule:billing]\nsender = billing@example.com\ncertificate = billing\n');
    expect(out).toContain('systemctl reload postseal');
  });

  test.each<[string, () => string[]]>([
    ['one file of PEM', () => [billing.pem]],
    [
      'certificate, key and chain apart',
      () => [billing.certificate, '--key', billing.key, '--chain', billing.chain],
    ],
    [
      'a certificate and its issuer in DER',
      () => [
        put(pki, 'it.cer', openssl(['x509', '-in', billing.certificate, '-outform', 'DER'])),
        '--key',
        billing.key,
        '--chain',
        put(pki, 'ca.crt', openssl(['x509', '-in', billing.chain, '-outform', 'DER'])),
      ],
    ],
    [
      'an encrypted key',
      () => [
        billing.certificate,
        '--key',
        put(pki, 'e.key', openssl(['pkcs8', '-topk8', '-in', billing.key, '-passout', `pass:${password}`])),
        '--chain',
        billing.chain,
        '--password-file',
        pass,
      ],
    ],
    [
      'PKCS#12 and its issuers',
      () => {
        const path = put(pki, 'leaf.p12', '');
        const files = ['-inkey', billing.key, '-in', billing.certificate, '-out', path];
        openssl(['pkcs12', '-export', ...files, '-passout', `pass:${password}`]);
        return [path, '--chain', billing.chain, '--password-file', pass];
      },
    ],
  ])('%s is stored so that it signs, and the rule that names it is told', async (_, args) => {
    // The rule names a certificate that is not there yet: the file is mended by it.
    const house = new House(pki.dir, rule);
    const { code, out, err } = await house.cert('add', ...args());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Rule invoices signs with it for billing@example.com.');
    expect(house.text.startsWith(`${rule}\n[certificate:billing]\n`)).toBe(true);
    expect(await names(house)).toEqual(['billing']);
    const { installation } = (await load(house.ini)) as Extract<
      Awaited<ReturnType<typeof load>>,
      { installation: unknown }
    >;
    expect(installation.identities[0]!.identity.chain).toHaveLength(1);
  });

  test('into a directory leaves the ini file as it is', async () => {
    const house = new House(pki.dir, staff);
    const { code, out } = await house.cert('add', anna.pem, '--to', 'staff', '--name', 'anna.w');
    expect(code).toBe(0);
    expect(out).toContain('Rule staff signs with it for anna@example.com.');
    expect(house.text).toBe(staff);
    expect(await names(house)).toEqual(['staff/anna.w.pem']);
    expect(rights(house.path('staff/anna.w.pem'))).toBe('640');
  });

  test('warns of what is no reason to refuse it', async () => {
    const house = new House(pki.dir, '');
    chmodSync(put(pki, 'open.pem', readFileSync(billing.pem), 0o644), 0o644);
    const later = issue('later', { notBefore: from(3), notAfter: from(300) });
    const { err } = await house.cert('add', put(pki, 'cut.pem', text(later.key) + text(later.certificate)));
    expect(err).toMatch(/warning: .*not valid before/);
    expect(err).toMatch(
      /warning: .*the chain ends at "CN=later"; give its issuer's certificate with --chain FILE/,
    );
    expect((await house.cert('add', `${pki.dir}/open.pem`)).err).toMatch(/warning: .*rights 0644/);
  });

  test.runIf(isRoot)('warns of a directory that the service does not get into', async () => {
    const house = new House(pki.dir, '');
    chownSync(house.directory, 0, 1234);
    mkdirSync(house.path('certs'), { mode: 0o700 });
    const mend = `chgrp 1234 ${house.path('certs')} && chmod g+x ${house.path('certs')}`;
    const warning = `postseal: warning: ${house.path('certs')}: the group of the ini file, and so the service, does not get in; "${mend}"\n`;
    expect((await house.cert('add', billing.pem)).err).toBe(warning);
    expect((await house.cert('replace', 'billing', renewed.pem)).err).toBe(warning);
    spawnSync('sh', ['-c', mend]);
    expect((await house.cert('add', anna.pem)).err).toBe('');
  });

  test('with a mistake elsewhere in the ini file changes nothing', async () => {
    const house = new House(pki.dir, '[rule:x]\nsendr = a@b\n');
    const { code, err } = await house.cert('add', billing.pem);
    expect(code).toBe(78);
    expect(err).toMatch(/postseal\.ini:2: \[rule:x\] sendr: unknown key, did you mean "sender"\?/);
    expect(err).toContain('was not changed, and nothing was stored');
    expect(house.text).toBe('[rule:x]\nsendr = a@b\n');
    expect(readdirSync(house.path('certs'))).toEqual([]);
  });

  test('beside a certificate that cannot be used goes on', async () => {
    const house = new House(pki.dir, '[certificate:gone]\nfile = gone.pem\n');
    expect((await house.cert('add', billing.pem)).code).toBe(0);
  });

  test('of two at once loses none, and neither tells the password that came on standard input', async () => {
    const house = new House(pki.dir, '; mine\n');
    const secrets = secretsOf(billing, anna);
    const both = [billing, anna].map(({ p12 }) => {
      const args = ['cert', 'add', p12, '--password-file', '-', '--config', house.ini];
      const child = Postseal.start(args, secrets);
      child.write(`${password}\nmore\n`);
      return child.end();
    });
    for (const { code, stderr } of await Promise.all(both))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(house.text.split('\n').sort()).toEqual(
      [
        '; mine',
        ...['anna', 'billing'].flatMap(name => [
          '',
          `[certificate:${name}]`,
          `file = certs/${name}.p12`,
          `password_file = certs/${name}.pass`,
        ]),
        '',
      ].sort(),
    );
  });

  test.each([
    ['UTF-8 with a byte order mark', '\ufeffp\u00e4ss', 'utf8'],
    ['Latin-1', 'p\u00e4ss', 'latin1'],
  ] as const)(
    'takes a password in %s on standard input, as it does out of a file',
    async (_, line, encoding) => {
      const house = new House(pki.dir, '');
      const { p12 } = issue('umlaut', { password: 'p\u00e4ss' });
      const args = ['cert', 'add', p12, '--password-file', '-', '--config', house.ini];
      const input = Buffer.from(`${line}\r\n\u20ac`, encoding);
      expect(await postseal(args, input, ['p\u00e4ss'])).toMatchObject({ code: 0, stderr: '' });
      expect(readFileSync(house.path('certs/umlaut.pass'), 'utf8')).toBe('p\u00e4ss\n');
    },
  );

  test('that finds a lock of a process that is no more says how to take it away', async () => {
    const house = new House(pki.dir, '');
    const { pid } = spawnSync('true');
    writeFileSync(`${house.ini}.lock`, `${pid}\n`);
    const { code, err } = await house.cert('add', billing.pem);
    expect(code).toBe(75);
    expect(err).toContain(
      `(process ${pid}) is changing the ini file; if it is no more, "rm ${house.ini}.lock"`,
    );
  });

  test.runIf(isRoot)('by somebody who may not says so, and leaves nothing', async () => {
    const house = new House(pki.dir, '');
    chmodSync(house.ini, 0o644);
    const copy = put(pki, 'for-nobody.pem', readFileSync(billing.pem));
    chownSync(copy, 65534, 65534);
    chmodSync(pki.dir, 0o755);
    for (const mode of [0o755, 0o711]) {
      chmodSync(house.directory, mode);
      process.seteuid!(65534);
      const outcome = await house.cert('add', copy).finally(() => {
        process.seteuid!(0);
      });
      expect(outcome.code).toBe(77);
      expect(outcome.err).toContain('this user may not do that; run it as root');
      expect(readdirSync(house.directory)).toEqual(['postseal.ini']);
    }
  });

  test('takes no password on the command line', async () => {
    await expect(run(['add', billing.p12, `--password=${password}`], [password])).resolves.toMatchObject({
      code: 64,
    });
  });
});

describeWithPeers('add on a terminal', ['python3'], () => {
  test('asks for the password on a terminal, and does not show it', async () => {
    const house = new House(pki.dir, '');
    const args = [entry, 'cert', 'add', billing.p12, '--config', house.ini];
    const { stdout } = await promisify(execFile)(
      peer('python3'),
      ['-c', terminal, process.execPath, ...args],
      {
        env: { ...process.env, TYPED: `x\x15${password}y\x7f\n` },
      },
    );
    expect(stdout).toContain(`Password of ${billing.p12}: \r\n`);
    expect(stdout).toContain('Stored billing: ');
    expect(stdout).not.toContain('Tr0ub4dor');
    expect(text(house.path('certs/billing.pass'))).toBe(`${password}\n`);
  });
});

describe('list and show', () => {
  test('tell each state, and whose it is', async () => {
    const house =
      await billed(`${rule}${staff}[certificate:old]\nfile = ${issue('old', { notBefore: from(-9), notAfter: from(-2) }).pem}
[certificate:next]\nfile = ${issue('next', { notBefore: from(2) }).pem}\n[certificate:soon]\nfile = ${issue('soon', { days: 9 }).pem}\n`);
    mkdirSync(house.path('staff'), { recursive: true });
    writeFileSync(house.path('staff/bad.p12'), '');
    const { code, out } = await house.cert('list');
    expect(code).toBe(0);
    const rows = out.split('\n').map(line => line.trim().split(/ {2,}/));
    const end = (name: string): string[] => rows.find(row => row[0] === name)!.slice(-3);
    expect(rows[0]).toEqual(['NAME', 'OWNER', 'ADDRESSES', 'KEY', 'ISSUER', 'DAYS LEFT', 'RULES', 'STATE']);
    expect(rows.find(row => row[0] === 'billing')).toEqual([
      'billing',
      'billing',
      'billing@example.com',
      'EC P-256',
      'Postseal Test intermediate',
      '364',
      'invoices',
      'valid',
    ]);
    expect(end('old')).toEqual(['-3', '-', 'expired']);
    expect(end('next')[2]).toBe('not yet valid');
    expect(end('soon')).toEqual(['8', '-', 'expires soon']);
    expect(end('staff/bad.p12')).toEqual(['staff/bad.p12', 'staff', 'cannot be used: is empty']);
    const json = JSON.parse((await house.cert('list', '--json')).out) as Record<string, unknown>[];
    expect(json.map(({ name, state }) => [name, state])).toEqual([
      ['old', 'expired'],
      ['next', 'not yet valid'],
      ['soon', 'expires soon'],
      ['billing', 'valid'],
      ['staff/bad.p12', 'cannot be used'],
    ]);
  });

  test('show has what openssl has', async () => {
    const house = await billed();
    const { out } = await house.cert('show', 'billing');
    const told = (option: string): string =>
      openssl(['x509', '-in', billing.certificate, '-noout', ...option.split(' ')])
        .toString()
        .trim()
        .split('=')[1]!;
    expect(out).toContain(`  SHA-256    ${told('-fingerprint -sha256')}\n`);
    expect(out).toContain(`  serial     ${told('-serial')}\n`);
    expect(out).toContain('  usage      digitalSignature, emailProtection\n');
    expect(out).toMatch(/ {2}chain {6}"CN=Postseal Test intermediate" until \d{4}-/);
    expect(out).toContain(`  files      file  ${house.path('certs/billing.pem')}\n`);
    expect(out).toContain('  rules      invoices (line 3)\n');
    const { code, err } = await house.cert('show', 'bill');
    expect({ code, err }).toEqual({ code: 64, err: 'no certificate named "bill" (have: billing)\n' });
  });
});

describe('replace', () => {
  test('a certificate that is valid takes the place, and the old files stay beside', async () => {
    const house = new House(pki.dir, rule);
    await house.cert('add', billing.p12, '--password-file', pass);
    const date = stamp(from(-1));
    const { code, out } = await house.cert('replace', 'billing', renewed.pem);
    expect(code).toBe(0);
    expect(house.text).toBe(`${rule}\n[certificate:billing]\nfile = certs/billing-${date}.pem\n`);
    expect(readdirSync(house.path('certs')).sort()).toEqual([
      `billing-${date}.pem`,
      'billing.p12.old',
      'billing.pass.old',
    ]);
    expect(out).toContain(house.path('certs/billing.p12.old'));
    expect(await names(house)).toEqual(['billing']);
  });

  test('one that cannot be read, and whose file is gone, is replaced and removed all the same', async () => {
    const house = new House(pki.dir, '[certificate:billing]\nfile = certs/gone.p12\npassword = x\n');
    expect((await house.cert('replace', 'billing', anna.pem)).code).toBe(0);
    expect(house.text).toMatch(/^\[certificate:billing\]\nfile = certs\/billing-\d{8}\.pem\n$/);
    const lost = new House(pki.dir, '[certificate:lost]\nfile = gone.p12\n');
    expect((await lost.cert('remove', 'lost')).out).toContain(
      `${lost.path('gone.p12')} is not moved: it is not there.`,
    );
    expect(lost.text).toBe('');
  });

  test('files that another section names stay where they are', async () => {
    const house = new House(pki.dir, `${rule}[certificate:twin]\nfile = certs/billing.pem\n`);
    await house.cert('add', billing.pem);
    await house.cert('replace', 'billing', renewed.pem);
    expect(existsSync(house.path('certs/billing.pem'))).toBe(true);
  });

  test.each([
    [
      'one that names somebody else',
      () => anna.pem,
      66,
      /names anna@example\.com, and not billing@example\.com, whom billing names; .*"postseal cert add"/,
    ],
    ['the same one', () => billing.pem, 66, /is the very certificate that billing has already/],
  ])('%s is refused', async (_, file, code, words) => {
    const house = await billed();
    const before = house.text;
    const outcome = await house.cert('replace', 'billing', file());
    expect(outcome.code).toBe(code);
    expect(outcome.err).toMatch(words);
    expect(house.text).toBe(before);
  });

  test('in a directory the new file is put beside the old one', async () => {
    const house = new House(pki.dir, staff);
    await house.cert('add', anna.pem, '--to', 'staff');
    const next = issue('anna-next', { addresses: ['anna@example.com'], notBefore: from(5), freshKey: true });
    const { code, out } = await house.cert('replace', 'staff/anna.pem', next.pem);
    expect(code).toBe(0);
    expect(out).toContain(`Stored staff/anna-${stamp(from(5))}.pem`);
    expect(readdirSync(house.path('staff')).sort()).toEqual([`anna-${stamp(from(5))}.pem`, 'anna.pem']);
    expect(house.text).toBe(staff);
  });

  // What this needs of the ini file: certificate = A, B in a rule.
  const several =
    '[certificate:a]\nfile = a\n[certificate:b]\nfile = b\n[rule:r]\nsender = *\ncertificate = a, b\n';
  const listsWork = readConfig('postseal.ini', several).config !== undefined;
  if (!listsWork)
    process.stderr.write('SKIPPED: cert replace ahead of time: a rule names one certificate only\n');
  test.runIf(listsWork)(
    'one that is not valid yet is named beside the old one, which signs until then',
    async () => {
      const house = await billed();
      const before = house.text;
      const next = issue('next', {
        addresses: ['billing@example.com'],
        notBefore: from(5),
        notAfter: from(400),
        freshKey: true,
      });
      const { code, out, err } = await house.cert('replace', 'billing', next.pem);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      const name = `billing-${stamp(from(5))}`;
      expect(house.text).toBe(
        `${before.replace('= billing ;', `= billing, ${name} ;`)}\n[certificate:${name}]\nfile = certs/${name}.pem\n`,
      );
      expect(out).toContain('Rules that name it beside billing, which signs until then: invoices.');
      // Only then the old one can go.
      const refused = await house.cert('remove', 'billing');
      expect(refused.code).toBe(78);
      expect(refused.err).toBe(
        `${house.ini}:3: [rule:invoices] certificate: of billing, ${name} only billing is valid today; ` +
          'wait until another one is, or take it out there yourself\n',
      );
    },
  );
});

describe('remove', () => {
  test('refuses while a rule names it alone', async () => {
    const house = await billed();
    const before = house.text;
    const { code, err } = await house.cert('remove', 'billing');
    expect(code).toBe(78);
    expect(err).toBe(
      `${house.ini}:3: [rule:invoices] certificate: names billing alone; name another one there, or take the rule away\n`,
    );
    expect(house.text).toBe(before);
  });

  test('takes the section away, and the files where root alone gets at them', async () => {
    const house = new House(pki.dir, staff);
    mkdirSync(house.path('staff'));
    await house.cert('add', billing.p12, '--password-file', pass);
    await house.cert('add', anna.pem, '--to', 'staff');
    const { code, out } = await house.cert('remove', 'billing');
    expect(code).toBe(0);
    expect(house.text).toBe(staff);
    expect(readdirSync(house.path('certs'))).toEqual(['removed']);
    expect(rights(house.path('certs/removed'))).toBe('700');
    expect(out).toContain(`shred -u ${house.path('certs/removed/billing.p12')}`);
    expect((await house.cert('remove', 'staff/anna.pem')).out).toContain(
      'Nobody signs for anna@example.com in rule staff now',
    );
    expect(readdirSync(house.path('certs/removed')).sort()).toEqual([
      'anna.pem',
      'billing.p12',
      'billing.pass',
    ]);
  });
});
