// What takes Postseal away again takes no more: uninstall.sh and postrm, with /etc and /var of their own, and a systemd and
// a dpkg that write down what they are asked.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWithPeers, peer } from './support/peers.js';

const packaging = join(import.meta.dirname, '..', 'packaging');

describeWithPeers('packaging', ['unshare'], () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-packaging-'));
    mkdirSync(join(directory, 'bin'));
    const systemctl = 'echo "systemctl $*"';
    // `dpkg-query -W` and `-S` succeed for a package that is there.
    const dpkg = '[ -n "$PACKAGE" ] || exit 1; [ "$1" != -W ] || echo installed';
    for (const [name, text] of Object.entries({ systemctl, 'dpkg-query': dpkg })) {
      writeFileSync(join(directory, 'bin', name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(directory, 'bin', name), 0o755);
    }
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  /** Where nothing is but what `before` puts there. @returns what the script printed, and then `after` */
  function run(
    before: string,
    script: string,
    after: string,
    env: Readonly<Record<string, string>> = {},
  ): string[] {
    const own = 'for d in /etc /var/log /var/lib /run; do mount -t tmpfs none $d; done';
    const lines = [own, before, script, after].join('\n');
    const path = `${join(directory, 'bin')}:${process.env['PATH'] ?? ''}`;
    return execFileSync(peer('unshare'), ['-m', 'sh', '-ec', lines], {
      encoding: 'utf8',
      env: { ...env, PATH: path },
    })
      .split('\n')
      .filter(Boolean);
  }

  describe('uninstall.sh', () => {
    const installed = `
      mkdir -p /run/systemd/system /etc/systemd/system/multi-user.target.wants /etc/logrotate.d
      touch /etc/systemd/system/postseal.service /etc/systemd/system/postseal.socket /etc/logrotate.d/postseal
      ln -s ../postseal.service /etc/systemd/system/multi-user.target.wants/postseal.service`;
    const files = 'ls -d /etc/systemd/system/postseal* /etc/logrotate.d/postseal 2>/dev/null || true';
    const uninstall = (): string => `sh ${packaging}/uninstall.sh --prefix ${directory}/prefix`;

    test('ends the service, and takes its files', () => {
      expect(run(installed, uninstall(), files)).toEqual([
        'systemctl stop postseal.socket postseal.service postseal@*',
        'systemctl disable postseal.socket postseal.service postseal@.service',
        'systemctl daemon-reload',
      ]);
    });

    test('lets the service go on where the Debian package is there by now', () => {
      expect(run(installed, uninstall(), files, { PACKAGE: 'yes' })).toEqual([
        'systemctl daemon-reload',
        'systemctl reenable postseal.service',
        'systemctl try-restart postseal.service postseal@*.service',
        '/etc/logrotate.d/postseal',
      ]);
    });

    test('purges nothing of the Debian package', () => {
      const purge = `${uninstall()} --purge 2>&1 || echo "status $?"`;
      const said = run(`${installed}\nmkdir /etc/postseal`, purge, 'ls -d /etc/postseal', { PACKAGE: 'yes' });
      expect(said).toEqual([expect.stringContaining('apt purge postseal'), 'status 64', '/etc/postseal']);
    });
  });

  describe('the removal of the Debian package', () => {
    const postconf = (filter: string): string =>
      `printf '#!/bin/sh\\n[ "$1" != -P ] || echo "%s"\\n' '${filter}' >/run/postconf; chmod +x /run/postconf; PATH=/run:$PATH`;
    const told = [
      expect.stringContaining('Postfix still hands mail'),
      expect.stringContaining('wire --undo'),
    ];

    test.each([
      ['remove', 'submission/inet/content_filter = postseal:[127.0.0.1]:10025', told],
      ['remove', 'pickup/unix/content_filter = postseal-local:[127.0.0.1]:10025', told],
      ['remove', 'submission/inet/content_filter = amavis:[127.0.0.1]:10024', []],
      ['upgrade', 'submission/inet/content_filter = postseal:[127.0.0.1]:10025', []],
    ])('%s, with %s', (what, filter, want) => {
      expect(run(postconf(filter), `sh ${packaging}/debian/prerm ${what}`, '')).toEqual(want);
    });

    test('without a Postfix', () => {
      expect(run('', `PATH=/bin:/usr/bin sh ${packaging}/debian/prerm remove`, '')).toEqual([]);
    });
  });

  describe('the purge of the Debian package', () => {
    const state = 'mkdir -p /etc/postseal /var/log/postseal /var/lib/postseal /var/lib/postseal-billing';
    const left = 'find /etc/postseal /var/log /var/lib -mindepth 1 2>/dev/null || true';

    test.each([
      ['all that was made goes', '[certificate:a]\n;password = x\npassword_file = a.pass\n', []],
      [
        'a password in the ini file stays, and is named',
        '[certificate:a]\npassword = only here\n',
        [
          'postseal: these in /etc/postseal are yours, and stay:',
          '/etc/postseal/postseal.ini',
          '/etc/postseal/postseal.ini',
        ],
      ],
    ])('%s', (_, ini, want) => {
      writeFileSync(join(directory, 'postseal.ini'), ini);
      const before = `${state}\ncp ${directory}/postseal.ini /etc/postseal/`;
      expect(run(before, `sh ${packaging}/debian/postrm purge`, left)).toEqual(want);
    });
  });
});
