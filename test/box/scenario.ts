// The life of the Debian package on a booted machine, whose only source is Debian's archive:
//   sendmail or SMTP → postfix → postseal → postfix (return port) → ~kim/Maildir, verified there by openssl
// Each test goes on where the one before it ended.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { makePki } from '../support/pki.js';
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

const ini = `[certificate:billing]
file = certs/billing.pem
[rule:invoices]
sender = billing@example.com
certificate = billing
`;

function life(machine: Machine, file: string, dir: string): void {
  const state = (): Promise<string> =>
    machine.run('systemctl show --value -p ActiveState,UnitFileState postseal | tr "\\n" " "');
  const pid = async (): Promise<number> =>
    Number(await machine.run('systemctl show --value -p MainPID postseal'));

  const sockets = readdirSync(join(root, 'systemd')).filter(unit => /^[^@]*\.socket$/.test(unit));
  const units = [...sockets, 'postseal.service'].join(' ');
  const program = ['/usr/bin/postseal', '/usr/lib/postseal', '/usr/lib/systemd/system/postseal.service'];
  const key = '/etc/postseal/certs/billing.pem';

  /** Which of these paths there are. */
  const present = async (...paths: string[]): Promise<string[]> =>
    (await machine.run(`ls -d ${paths.join(' ')} 2>/dev/null || true`)).split('\n').filter(Boolean);

  /** Sends over sendmail, or over SMTP through the submission service. */
  const send = (subject: string, how: 'sendmail' | 'swaks' = 'sendmail'): Promise<string> =>
    machine.run(
      how === 'sendmail'
        ? `printf 'From: billing@example.com\\nTo: kim@example.net\\nSubject: ${subject}\\n\\nGrüße\\n' |
             sendmail -f billing@example.com kim@example.net`
        : `swaks --silent 2 --server 127.0.0.1:587 --from billing@example.com --to kim@example.net \
             --header 'Subject: ${subject}' --body 'Grüße'`,
    );

  /** What lies in the mailbox, sorted: for each message what openssl says of it, and its subject. */
  const mailbox = async (): Promise<string[]> => {
    const lines = await machine.run(`
      for mail in /home/kim/Maildir/new/*; do
        [ -e "$mail" ] || continue
        openssl cms -verify -CAfile /root/ca.pem -in "$mail" -out /dev/null 2>/dev/null && v=good || v=bad
        echo "$v $(sed -n 's/^Subject: //p' "$mail" | head -n 1)"
      done`);
    return lines.split('\n').filter(Boolean).sort();
  };

  const arrived = (...subjects: string[]): Promise<true> => {
    let seen: string[] = [];
    const wanted = subjects.map(subject => `good ${subject}`).sort();
    return until(
      () => `${wanted.join(', ')}; there is: ${seen.join(', ')}`,
      async () => {
        seen = (await mailbox()).filter(line => subjects.some(subject => line.endsWith(` ${subject}`)));
        return seen.join() === wanted.join();
      },
      30_000,
    );
  };

  test('comes in by apt, with what it needs from the archive of Debian', async () => {
    await machine.put(file, '/root/postseal.deb');
    await machine.apt('update');
    const said = await machine.apt(
      ...'install --no-install-recommends postfix openssl swaks man-db /root/postseal.deb'.split(' '),
    );
    expect(said).toContain('postseal: installed, but not started');
    expect(await state()).toBe('inactive disabled ');
    expect(await machine.run('stat -c "%U:%G %a %n" /etc/postseal /etc/postseal/* /var/log/postseal')).toBe(
      'root:postseal 750 /etc/postseal\n' +
        'root:postseal 640 /etc/postseal/postseal.ini\n' +
        'postseal:postseal 755 /var/log/postseal\n',
    );
    expect(await machine.run('id -nG postseal')).toBe('postseal\n');
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
    const pages = existsSync(join(root, 'man')) ? readdirSync(join(root, 'man')) : [];
    for (const page of pages) {
      const [, name, section] = /^(.*)\.(\d)$/.exec(page)!;
      expect(await machine.run(`man -w ${section} ${name}`)).toMatch(
        `/usr/share/man/man${section}/${page}.gz`,
      );
    }
    const completions = existsSync(join(root, 'completion')) ? ['bash-completion/completions/postseal'] : [];
    const examples = [
      'postfix/main.cf',
      'postfix/master.cf',
      'postseal.ini',
      'grafana/postseal.json',
      'prometheus/alerts.yml',
    ].map(name => `doc/postseal/examples/${name}`);
    for (const path of [...completions, ...examples]) await machine.run(`test -s /usr/share/${path}`);
    expect(await present(...program)).toEqual(program.toSorted());
  });

  test('says before any configuration that nothing is signed', async () => {
    expect(await machine.run('postseal check 2>&1')).toContain(
      'no [rule:NAME] in the file: nothing is signed',
    );
  });

  test('signs, once configured and wired', async () => {
    const pki = makePki(join(dir, 'pki'));
    await machine.put(pki.root.certificate, '/root/ca.pem');
    await machine.put(
      pki.issue({ name: 'billing', addresses: ['billing@example.com'] }).pem,
      '/root/billing.pem',
    );
    await machine.write('/root/postseal.ini', ini);
    await machine.run(`
      install -d -o root -g postseal -m 0750 /etc/postseal/certs
      install -o root -g postseal -m 0640 /root/billing.pem /etc/postseal/certs
      cat /root/postseal.ini >/etc/postseal/postseal.ini
      postseal check
      useradd --create-home kim
      cat /usr/share/doc/postseal/examples/postfix/main.cf >>/etc/postfix/main.cf
      postconf -e 'mydestination = example.net' 'home_mailbox = Maildir/' 'inet_interfaces = 127.0.0.1' \\
        'minimal_backoff_time = 1s' 'maximal_backoff_time = 1s' 'queue_run_delay = 1s'
      postconf -MX pickup/unix
      cat /usr/share/doc/postseal/examples/postfix/master.cf >>/etc/postfix/master.cf
      systemctl enable --now ${units}
      systemctl restart postfix`);
    await send('by sendmail');
    await send('by SMTP', 'swaks');
    await arrived('by sendmail', 'by SMTP');
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
    expect((await mailbox()).join()).not.toContain('after the removal');
    await machine.apt('install', '/root/newer.deb');
    await arrived('after the removal');
    await machine.run(`systemctl is-active ${units}`);
  });

  test('is purged: what it made goes, keys and certificates stay and are named', async () => {
    expect(await machine.apt('purge', 'postseal')).toMatch(
      /are yours, and stay:\n\/etc\/postseal\/certs\/billing.pem\n/,
    );
    const made = ['/etc/postseal/postseal.ini', '/var/log/postseal', '/etc/logrotate.d/postseal', ...program];
    expect(await present(...made, key)).toEqual([key]);
    expect(await machine.run(`stat -c %G ${key}`)).toBe('postseal\n');
  });
}
