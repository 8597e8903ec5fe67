// The life of the Debian package on a booted machine, whose only source is Debian's archive, with the commands that an
// administrator types:
//   sendmail or SMTP → postfix → postseal → postfix (return port) → ~kim/Maildir, verified there by openssl
// Each test goes on where the one before it ended.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/postfix.js';
import { Machine } from './machine.js';

const root = join(import.meta.dirname, '..', '..');

/** @param release of Debian; @param build which of our packages is for it, as in its version */
export function scenario(release: 'bookworm' | 'trixie', build: 'deb12' | 'deb13'): void {
  const machine = Machine.boot(release);
  if (typeof machine === 'string') {
    process.stderr.write(`SKIPPED: the package on Debian ${release}: ${machine}\n`);
    describe.skip(`the package on Debian ${release} [skipped: ${machine}]`, () => {
      test('boots', () => undefined);
    });
    return;
  }
  const dir = mkdtempSync(join(tmpdir(), 'postseal-box-'));
  afterAll(() => {
    machine.down();
    rmSync(dir, { recursive: true });
  });
  describe(`the package on Debian ${release}`, () => {
    let broken = false;
    beforeEach(context => {
      context.skip(broken, 'a test before it failed');
      context.onTestFailed(() => {
        broken = true;
      });
    });
    life(machine, packageFor(build), dir);
  });
}

/** The package that `npm run package` made. */
function packageFor(build: string): string {
  const name = readdirSync(join(root, 'build')).find(file => file.includes(`~${build}_`));
  if (name === undefined) throw new Error(`build/ has no package for ${build}: npm run package`);
  return join(root, 'build', name);
}

/** The same content under a higher version. @returns its path in `dir` */
function newer(file: string, dir: string): string {
  const tree = join(dir, 'newer');
  execFileSync('dpkg-deb', ['--raw-extract', file, tree]);
  execFileSync('sed', ['-i', 's/^Version: .*/&+1/', join(tree, 'DEBIAN/control')]);
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', tree, `${tree}.deb`], {
    stdio: 'ignore',
  });
  return `${tree}.deb`;
}

/** As `postseal cert make-test` proposes it. */
const ini = `[certificates:test]
directory = certs/test

[rule:test]
sender = billing@example.com
certificates = test
`;

function life(machine: Machine, file: string, dir: string): void {
  const state = (): Promise<string> =>
    machine.run('systemctl show --value -p ActiveState,UnitFileState postseal | tr "\\n" " "');
  const pid = async (): Promise<number> =>
    Number(await machine.run('systemctl show --value -p MainPID postseal'));

  const sockets = readdirSync(join(root, 'systemd')).filter(unit => /^[^@]*\.socket$/.test(unit));
  const units = [...sockets, 'postseal.service'].join(' ');
  const program = ['/usr/bin/postseal', '/usr/lib/postseal', '/usr/lib/systemd/system/postseal.service'];
  const certificates = '/etc/postseal/certs/test';
  const key = `${certificates}/billing@example.com.pem`;

  /** Which of these paths there are. */
  const present = async (...paths: string[]): Promise<string[]> =>
    (await machine.run(`ls -d ${paths.join(' ')} 2>/dev/null || true`)).split('\n').filter(Boolean);

  /** Sends with the sendmail command, or over SMTP through the submission service. */
  const send = (subject: string, how: 'sendmail' | 'SMTP' = 'sendmail'): Promise<string> =>
    machine.run(
      how === 'sendmail'
        ? `printf 'From: billing@example.com\\nTo: kim@example.net\\nSubject: ${subject}\\n\\nGrüße\\n' |
             sendmail -f billing@example.com kim@example.net`
        : `smtp-source -f billing@example.com -t kim@example.net -S '${subject}' 127.0.0.1:587`,
    );

  /** The subjects of what lies in the mailbox. */
  const mailbox = async (): Promise<string[]> =>
    (await machine.run(`grep -hs -m 1 '^Subject: ' /home/kim/Maildir/new/* | cut -c 10-`)).trim().split('\n');

  /** What openssl says of each message there. */
  const verdicts = async (): Promise<string[]> => {
    const lines = await machine.run(`
      for mail in /home/kim/Maildir/new/*; do
        openssl cms -verify -CAfile ${certificates}/ca.pem -in "$mail" -out /dev/null 2>/dev/null && v=good || v=bad
        grep -q multipart/signed "$mail" || v=unsigned
        echo "$v $(sed -n '/^Subject: /{s///p;q}' "$mail")"
      done`);
    return lines.trim().split('\n');
  };

  /** Waits until mail of each of these subjects is there: once, and as this. */
  const arrivedAs = async (verdict: 'good' | 'unsigned', ...subjects: string[]): Promise<void> => {
    let seen: string[] = [];
    await until(
      () => `${subjects.join(', ')}; there is: ${seen.join(', ')}`,
      async () => {
        seen = await mailbox();
        return subjects.every(subject => seen.includes(subject));
      },
      30_000,
    );
    const told = (await verdicts()).filter(line => subjects.some(subject => line.endsWith(` ${subject}`)));
    expect(told.sort()).toEqual(subjects.map(subject => `${verdict} ${subject}`).sort());
  };
  const arrived = (...subjects: string[]): Promise<void> => arrivedAs('good', ...subjects);

  /** Postfix's configuration, but for the columns into which postconf puts what it writes. */
  const postfix = (): Promise<string> =>
    machine.run(`cd /etc/postfix; ls; sed 's/[[:blank:]]\\+/ /g' main.cf master.cf`);
  let unwired = '';

  test('comes in by apt, with what it needs from the archive of Debian', async () => {
    await machine.put(file, '/root/postseal.deb');
    await machine.apt('update');
    const others = ['postfix', 'openssl', 'man-db', 'bash-completion'];
    const said = await machine.apt('install', '--no-install-recommends', ...others, '/root/postseal.deb');
    expect(said).toContain('postseal: installed, but not started');
    expect(await state()).toBe('inactive disabled ');
    expect(await machine.run('stat -c "%U:%G %a %n" /etc/postseal /etc/postseal/* /var/log/postseal')).toBe(
      'root:postseal 750 /etc/postseal\n' +
        'root:postseal 640 /etc/postseal/postseal.ini\n' +
        'postseal:postseal 755 /var/log/postseal\n',
    );
    expect(await machine.run('id -nG postseal')).toBe('postseal\n');
    // A Postfix that delivers to kim, and takes submissions.
    await machine.run(`
      useradd --create-home kim
      postconf -e 'mydestination = example.net' 'home_mailbox = Maildir/' \\
        'minimal_backoff_time = 1s' 'maximal_backoff_time = 1s' 'queue_run_delay = 1s'
      postconf -M 'submission/inet = submission inet n - y - - smtpd'`);
    unwired = await postfix();
  });

  test('runs in the Node.js of Debian, or, where that is too old, in its own alone', async () => {
    const interpreter = await machine.run('sed -n "1s/#!//p" /usr/bin/postseal');
    const whose = await machine.run(`dpkg -S ${interpreter.trim()}; command -v node || true`);
    expect(whose).toBe(
      interpreter === '/usr/bin/node\n'
        ? 'nodejs: /usr/bin/node\n/usr/bin/node\n'
        : 'postseal: /usr/lib/postseal/node\n',
    );
  });

  test('brings its man pages, its completion and the examples', async () => {
    for (const page of readdirSync(join(root, 'man'))) {
      const [, name, section] = /^(.*)\.(\d)$/.exec(page)!;
      expect(await machine.run(`man -w ${name}`)).toBe(`/usr/share/man/man${section}/${page}.gz\n`);
    }
    // What bash does at the first TAB behind a command.
    const completion = await machine.run(`bash <<'END'
      . /usr/share/bash-completion/bash_completion
      $(complete -p -D | sed 's/.*-F \\(\\S*\\).*/\\1/') postseal
      complete -p postseal
END`);
    expect(completion).toBe('complete -F _postseal postseal\n');
    const examples = [
      'postfix/main.cf',
      'postfix/master.cf',
      'postseal.ini',
      'grafana/postseal.json',
      'prometheus/alerts.yml',
    ];
    for (const name of examples) await machine.run(`test -s /usr/share/doc/postseal/examples/${name}`);
    expect(await present(...program)).toEqual(program.toSorted());
  });

  test('may do no more than it has to, as systemd sees it', async () => {
    const said = await machine.run('systemd-analyze security --no-pager postseal');
    const [, exposure] = /Overall exposure level for postseal\.service: ([\d.]+)/.exec(said)!;
    expect(Number(exposure)).toBeLessThanOrEqual(1.5);
  });

  test('says before any configuration that nothing is signed', async () => {
    expect(await machine.run('postseal check 2>&1')).toContain(
      'no [rule:NAME] in the file: nothing is signed',
    );
  });

  test('starts with a certificate for trying out, once that is in the ini file', async () => {
    expect(await machine.run('postseal cert make-test --address billing@example.com')).toContain(`\n${ini}`);
    await machine.write('/etc/postseal/postseal.ini', ini);
    expect(await machine.run('postseal check')).toMatch(/billing@example\.com\.pem .* RSA 2048 /);
    await machine.run(`systemctl enable --now ${units}`);
    expect(await state()).toBe('active enabled ');
  });

  test('wires Postfix, and signs', async () => {
    await machine.run('postseal wire --apply --yes && postfix reload');
    await send('by sendmail');
    await arrived('by sendmail');
    await send('by SMTP', 'SMTP');
    await arrived('by SMTP');
    const verified = await machine.run(`
      for mail in /home/kim/Maildir/new/*; do
        postseal verify --ca ${certificates}/ca.pem "$mail" | tail -n 1
      done`);
    expect(verified).toBe('signature: good; signer: trusted; From: named by the certificate\n'.repeat(2));
  });

  test('has nothing wrong with it in the eyes of doctor', async () => {
    expect(await machine.run('postseal doctor')).not.toMatch(/^(?:error|warning):/m);
  });

  test('reloads', async () => {
    const before = await pid();
    await machine.run('systemctl reload postseal');
    await until('the reload', async () => (await machine.run('journalctl -u postseal')).includes('reloaded'));
    expect(await pid()).toBe(before);
    await send('after the reload');
    await arrived('after the reload');
  });

  test('is started again by systemd when it is killed, and no mail is lost', async () => {
    const before = await pid();
    await machine.run('systemctl kill --signal=KILL postseal');
    await send('after the kill');
    await arrived('after the kill');
    expect(await pid()).not.toBe(before);
  });

  test('is upgraded while mail is sent: nothing is lost, nothing comes twice, the ini file stays', async () => {
    const look = 'stat -c "%U:%G %a %y" /etc/postseal/postseal.ini; cat /etc/postseal/postseal.ini';
    const [before, process] = [await machine.run(look), await pid()];
    await machine.put(newer(file, dir), '/root/newer.deb');
    const sent = machine.run(`
      n=0
      until [ -e /root/enough ]; do
        n=$((n + 1))
        printf "From: billing@example.com\\nTo: kim@example.net\\nSubject: upgrade $n\\n\\nHello\\n" |
          sendmail -f billing@example.com kim@example.net
        sleep 0.2
      done
      echo $n`);
    await arrived('upgrade 1');
    await machine.apt('install', '/root/newer.deb');
    await machine.run('touch /root/enough');
    const count = Number(await sent);
    await arrived(...Array.from({ length: count }, (_, i) => `upgrade ${i + 1}`));
    expect(await machine.run('dpkg-query -W -f "\\${Version}" postseal')).toMatch(/\+1$/);
    expect(await state()).toBe('active enabled ');
    expect(await pid()).not.toBe(process);
    expect(await machine.run(look)).toBe(before);
  });

  test('is removed, and mail waits until it is there again', async () => {
    await machine.apt('remove', 'postseal');
    expect(await state()).toMatch(/^inactive /);
    expect(await present(...program, key)).toEqual([key]);
    expect(await machine.run('cat /etc/postseal/postseal.ini')).toBe(ini);
    await send('after the removal');
    await until('a deferral', async () => (await machine.run('postqueue -j')).includes('Connection refused'));
    expect(await mailbox()).not.toContain('after the removal');
    await machine.apt('install', '/root/newer.deb');
    await arrived('after the removal');
    await machine.run(`systemctl is-active ${units}`);
  });

  test('is taken out of Postfix, which is then as it was', async () => {
    await machine.run('postseal wire --undo --yes && postfix reload');
    expect(await postfix()).toBe(unwired);
  });

  test('is purged: what it made goes, keys and certificates stay and are named, mail goes out unsigned', async () => {
    const [, named] = (await machine.apt('purge', 'postseal')).split('are yours, and stay:\n');
    const kept = [key, `${certificates}/ca.pem`, `${certificates}/private/ca.key`];
    expect(named?.match(/^\/etc\/postseal\/.*/gm)?.sort()).toEqual(kept);
    const made = [
      '/etc/postseal/postseal.ini',
      '/var/lib/postseal',
      '/var/log/postseal',
      '/etc/logrotate.d/postseal',
      ...program,
    ];
    expect(await present(...made, ...kept)).toEqual(kept);
    expect(await machine.run(`stat -c %G ${key}`)).toBe('postseal\n');
    await send('after the purge');
    await arrivedAs('unsigned', 'after the purge');
  });
}
