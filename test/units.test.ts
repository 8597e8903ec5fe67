// The units of systemd/: systemd understands them, they are as closed as they say, and the instances are as the one.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { service } from '../src/config/options.js';
import { describeWithPeers, peer } from './support/peers.js';

const units = join(import.meta.dirname, '..', 'systemd');
const read = (name: string): string => readFileSync(join(units, name), 'utf8');

test('an instance is the service with paths of its own, and nothing else', () => {
  // The paths where src/service/control.ts and src/service/load.ts look for what belongs to it.
  const instance = read('postseal.service')
    .replace(/^#.*/, /^#.*/.exec(read('postseal@.service'))![0])
    .replace('filter for Postfix', 'filter for Postfix (%i)')
    .replaceAll('postseal.socket', 'postseal@%i.socket')
    .replaceAll('/etc/postseal/postseal.ini', '/etc/postseal/%i.ini')
    .replaceAll('Directory=postseal\n', 'Directory=postseal-%i\n');
  expect(read('postseal@.service')).toBe(instance);
});

test('the socket is where the ini file listens by default', () => {
  expect(read('postseal.socket')).toMatch(new RegExp(`^ListenStream=${service.listen.text}$`, 'm'));
});

describeWithPeers('systemd', ['systemd-analyze'], () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-units-'));
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('understands every line of the units', () => {
    const names = readdirSync(units).map(name => name.replace('@.', '@billing.'));
    // A command has to be there.
    for (const name of names)
      writeFileSync(
        join(directory, name),
        read(name.replace('@billing.', '@.')).replaceAll('/usr/local/bin/postseal', '/bin/true'),
      );
    const { status, stderr } = spawnSync(peer('systemd-analyze'), ['verify', '--man=no', ...names], {
      cwd: directory,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(names).toContain('postseal@billing.service');
  });

  test('finds an exposure of 1.5 at most', () => {
    const args = ['security', '--offline=true', '--threshold=15', join(units, 'postseal.service')];
    expect(execFileSync(peer('systemd-analyze'), args, { encoding: 'utf8' })).toMatch(/exposure level.*OK/);
  });
});
