// A certificate that cannot be used keeps its own rule from signing, and of a directory only whom it may be for.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Address } from '../../src/address.js';
import { load, type Installation } from '../../src/service/load.js';
import { envelope, runFilter } from '../support/golden-filter.js';
import { openssl } from '../support/pki.js';
import { temporaryPki } from '../support/pki-temporary.js';

const pki = temporaryPki();
const issue = (name: string, more: object = {}) =>
  pki.issue({ name, addresses: [`${name}@example.com`], key: 'p256', ...more });
const anna = issue('anna');
const bert = issue('bert', { freshKey: true });
const old = issue('old', { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') });
const text = (...paths: string[]): string => paths.map(path => readFileSync(path, 'utf8')).join('');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(pki.dir, 'case-'));
  mkdirSync(join(directory, 'staff'));
  copyFileSync(anna.pem, join(directory, 'staff', 'anna.pem'));
});

const put = (name: string, content: string): void => {
  writeFileSync(join(directory, name), content, { mode: 0o600 });
};

async function installation(ini: string): Promise<Installation> {
  put('postseal.ini', ini);
  const loaded = await load(join(directory, 'postseal.ini'));
  if ('problems' in loaded) throw new Error(loaded.problems.map(p => p.message).join('\n'));
  return loaded.installation;
}

const staff = `[certificates:staff]
directory = staff
[rule:staff]
sender = *@example.com
certificates = staff
`;

/** How a rule treats a sender: by which certificates, or why by none. */
function asked({ policy }: Installation, sender: string, rule = 0): string {
  const mailbox = Address.parse(sender)!;
  const names = policy.rules[rule]!.identitiesFor(mailbox).map(i => i.name);
  return names.join() || (policy.rules[rule]!.unusableFor(mailbox) ?? 'no certificate');
}

function told({ findings }: Installation): (readonly string[] | undefined)[] {
  return findings.filter(f => f.severity === 'error').map(f => f.consequences);
}

describe('a certificate of its own', () => {
  test.each(['defer', 'reject', 'pass'])(
    'is missed by its own rule alone, with failure = %s',
    async failure => {
      put('bert.p12', '');
      const it = await installation(`[certificate:bert]
file = bert.p12
[certificate:anna]
file = staff/anna.pem
[rule:bert]
sender = bert@example.com
certificate = bert
failure = ${failure}
[rule:anna]
sender = *@example.com
certificate = anna
`);
      expect(asked(it, 'bert@example.com', 0)).toBe('bert.p12: is empty');
      expect(asked(it, 'anna@example.com', 1)).toBe('anna');
      const fate = { defer: 'is deferred', reject: 'is rejected', pass: 'goes out unsigned' }[failure]!;
      expect(told(it)).toEqual([[`rule bert does not sign until this is mended, and its mail ${fate}`]]);
    },
  );

  test('is missed by whomever its rule names, whomever it names itself', async () => {
    put('bert.pem', text(bert.certificate, anna.key));
    const it = await installation(`[certificate:bert]
file = bert.pem
[rule:all]
sender = *@example.com
certificate = bert
`);
    expect(asked(it, 'carl@example.com')).toBe('bert.pem: the private key does not belong to "CN=bert"');
  });

  test('that no rule uses keeps nothing from being signed', async () => {
    put('bert.p12', '');
    const it = await installation(`[certificate:bert]\nfile = bert.p12\n${staff}`);
    expect(told(it)).toEqual([[]]);
  });
});

describe('several certificates of a rule', () => {
  const several = (names: string, sender = 'anna@example.com'): string =>
    `[certificate:anna]\nfile = staff/anna.pem\n[certificate:bert]\nfile = bert.pem\n[certificate:old]\nfile = ${old.pem}\n` +
    `[rule:one]\nsender = ${sender}\ncertificate = ${names}\n`;

  test('are there for it in their order', async () => {
    put('bert.pem', text(bert.pem));
    const it = await installation(several('old, bert, anna'));
    expect(asked(it, 'anna@example.com')).toBe('old,bert,anna');
    expect(it.policy.rules[0]!.certificateSource).toBe('certificate old, bert or anna');
    expect(told(it)).toEqual([]);
    expect(it.findings.map(f => f.message).filter(message => message.includes('used by no rule'))).toEqual(
      [],
    );
  });

  test('sign without one that cannot be used', async () => {
    put('bert.pem', '');
    const it = await installation(several('bert, anna'));
    expect(asked(it, 'anna@example.com')).toBe('anna');
    expect(it.policy.rules[0]!.unusableFor(Address.parse('anna@example.com')!)).toBe('bert.pem: is empty');
    expect(told(it)).toEqual([['rule one signs with anna alone until this is mended']]);
  });

  test('that all cannot be used do not sign', async () => {
    put('bert.pem', '');
    rmSync(join(directory, 'staff', 'anna.pem'));
    const silent = 'rule one does not sign until this is mended, and its mail is deferred';
    expect(told(await installation(several('bert, anna')))).toEqual([[silent], [silent]]);
  });

  test('are warned of where none names the sender', async () => {
    put('bert.pem', text(bert.pem));
    const { findings } = await installation(several('anna, bert', 'anna@example.com, sales@example.com'));
    expect(findings.map(f => f.message)).toContain(
      'certificate anna or bert names anna@example.com, bert@example.com, not sales@example.com: ' +
        'its mail is deferred; take another certificate, or write mismatch = allow',
    );
  });
});

test('a renewal signs as soon as it is valid, and nothing is read again for it', async () => {
  const addresses = ['anna@example.com'];
  const validity = (from: string, to: string) => ({ notBefore: new Date(from), notAfter: new Date(to) });
  put('early.pem', text(issue('early', { addresses, ...validity('2020-01-01', '2040-01-01') }).pem));
  put(
    'late.pem',
    text(issue('late', { addresses, freshKey: true, ...validity('2030-01-01', '2050-01-01') }).pem),
  );
  const { policy } = await installation(`[certificate:early]
file = early.pem
[certificate:late]
file = late.pem
[rule:anna]
sender = anna@example.com
certificate = early, late
`);
  const message = [Buffer.from('From: anna@example.com\r\n\r\nHello\r\n')];
  const at = async (time: string): Promise<string> => {
    const clock = (): Date => new Date(time);
    const filtered = await runFilter(message, envelope('anna@example.com', ['b@example.net']), {
      policy,
      clock,
    });
    return filtered.journal.join().replace(/^.*?, (.*?) to=.*$/, '$1');
  };
  expect(await at('2029-12-31')).toBe('signed rule=anna certificate=early');
  expect(await at('2030-01-01')).toBe('signed rule=anna certificate=late');
  expect(await at('2049-12-31')).toBe('signed rule=anna certificate=late');
  expect(await at('2050-01-02')).toBe(
    'deferred rule=anna (S/MIME certificate is expired: late since 2050-01-01)',
  );
});

describe('a file of a directory', () => {
  test.each([
    ['without its key', () => text(bert.certificate), 'holds a certificate, but no private key'],
    ['with the key of another', () => text(bert.certificate, anna.key), 'the private key does not belong to'],
    [
      'with a key that no password is there for',
      () =>
        text(bert.certificate) +
        openssl(['pkcs8', '-topk8', '-in', bert.key, '-passout', 'pass:x']).toString(),
      'its private key is encrypted',
    ],
    ['not for mail', () => text(issue('bert', { eku: 'serverAuth' }).pem), '"CN=bert" cannot sign mail'],
    ['with a weak key', () => text(issue('bert', { key: 'rsa1024' }).pem), '"CN=bert" cannot sign mail'],
  ])('%s is missed by those whom it names', async (_, content, why) => {
    put('staff/bert.pem', content());
    const it = await installation(staff);
    expect(asked(it, 'bert@example.com')).toContain(`bert.pem: ${why}`);
    expect(asked(it, 'bert@example.com')).not.toContain(directory);
    expect(asked(it, 'anna@example.com')).toBe('staff/anna.pem');
    expect(asked(it, 'carl@example.com')).toBe('no certificate');
    expect(told(it)).toEqual([
      ['rule staff does not sign for bert@example.com until this is mended, and that mail is deferred'],
    ]);
  });

  test('that cannot be read at all may be the certificate of anybody who has none', async () => {
    put('staff/x.pem', 'something else');
    const it = await installation(staff);
    expect(asked(it, 'carl@example.com')).toBe('x.pem: is neither PEM nor PKCS#12');
    expect(asked(it, 'anna@example.com')).toBe('staff/anna.pem');
    expect(told(it)).toEqual([
      [
        'rule staff signs only for senders with another certificate until this is mended, and mail of others is deferred',
      ],
    ]);
  });

  test('with the key and the chain alone may be that of anybody as well', async () => {
    put('staff/x.pem', text(bert.chain, anna.key));
    expect(asked(await installation(staff), 'carl@example.com')).toContain('x.pem: the private key does not');
  });

  test('that is not needed is told, and nothing follows', async () => {
    put('staff/second.pem', text(anna.certificate));
    const it = await installation(staff);
    expect(asked(it, 'anna@example.com')).toBe('staff/anna.pem');
    expect(told(it)).toEqual([[]]);
  });

  test('has a password that is not there: those of the others are known', async () => {
    copyFileSync(bert.p12, join(directory, 'staff', 'bert.p12'));
    const it = await installation(staff.replace('[rule', 'password_file = staff.pass\n[rule'));
    expect(asked(it, 'bert@example.com')).toBe('staff.pass: does not exist');
    expect(asked(it, 'anna@example.com')).toBe('staff/anna.pem');
  });
});

describe('a certificate that names none of the senders', () => {
  const rule = (sender: string, more = ''): string =>
    `[certificate:anna]\nfile = ${anna.pem}\n[rule:sales]\nsender = ${sender}\ncertificate = anna\n${more}`;
  const warnings = async (ini: string): Promise<string[]> =>
    (await installation(ini)).findings.map(f => `${f.origin.key ?? ''}: ${f.message}`);

  test('is warned of, where the rule spells them out', async () => {
    expect(await warnings(rule('sales@example.com, anna@example.com', 'mismatch = reject'))).toEqual([
      'sender: certificate anna names anna@example.com, not sales@example.com: its mail is rejected; ' +
        'take another certificate, or write mismatch = allow',
    ]);
  });

  test.each([
    ['where it is allowed', rule('sales@example.com', 'mismatch = allow')],
    ['where it signs with a warning each time', rule('sales@example.com', 'mismatch = warn')],
    ['for a pattern', rule('*@example.com')],
    ['where the envelope decides', rule('sales@example.com', 'match = envelope')],
  ])('is not warned of %s', async (_, ini) => {
    expect(await warnings(ini)).toEqual([]);
  });
});

test('a directory that is not there is missed by all', async () => {
  rmSync(join(directory, 'staff'), { recursive: true });
  const it = await installation(staff);
  expect(asked(it, 'anna@example.com')).toBe('staff: does not exist');
  expect(told(it)).toEqual([['rule staff does not sign until this is mended, and its mail is deferred']]);
});

test('an expired certificate is found beside a renewal that cannot be used', async () => {
  put('staff/old.pem', text(old.pem));
  put('staff/old-renewed.pem', text(old.certificate));
  const it = await installation(staff);
  const rule = it.policy.rules[0]!;
  expect(asked(it, 'old@example.com')).toBe('staff/old.pem');
  expect(rule.unusableFor(Address.parse('old@example.com')!)).toMatch(/^old-renewed\.pem: /);
});
