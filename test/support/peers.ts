// The real programs that the tests use: which are there, and what a missing one means.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';

/** Each peer with the Debian package that brings it: a program, or a library of Java. */
const packages = {
  postfix: 'postfix',
  'smtp-source': 'postfix',
  swaks: 'swaks',
  openssl: 'openssl',
  cmsutil: 'libnss3-tools',
  certutil: 'libnss3-tools',
  pk12util: 'libnss3-tools',
  gpgsm: 'gpgsm',
  mandoc: 'mandoc',
  groff: 'groff-base',
  python3: 'python3',
  haproxy: 'haproxy',
  unshare: 'util-linux',
  mount: 'mount',
  prlimit: 'util-linux',
  ip: 'iproute2',
  'systemd-analyze': 'systemd',
  'systemd-notify': 'systemd',
  'systemd-socket-activate': 'systemd',
  promtool: 'prometheus',
  java: 'default-jre-headless',
  keytool: 'default-jre-headless',
  'bcmail.jar': 'libbcmail-java',
  'bcpkix.jar': 'libbcpkix-java',
  'bcprov.jar': 'libbcprov-java',
  'bcutil.jar': 'libbcutil-java',
  'javax.mail.jar': 'libmail-java',
  'javax.activation.jar': 'libactivation-java',
} as const;

export type Peer = keyof typeof packages;

export const peers = Object.keys(packages) as Peer[];

// Postfix lives in sbin, which is not in everybody's PATH.
const programs = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
const libraries = ['/usr/share/java'];

/** The path of a peer, or undefined where there is none. */
function find(name: string): string | undefined {
  const library = name.endsWith('.jar');
  for (const directory of library ? libraries : programs) {
    const path = join(directory, name);
    try {
      accessSync(path, library ? constants.R_OK : constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** The path of a peer. @throws Error that names the package to install */
export function peer(name: Peer): string {
  const path = find(name);
  if (path === undefined) throw new Error(`${name} is missing: install ${packages[name]}`);
  return path;
}

/** What keeps these peers from being used, in words: `install swaks, gpgsm`; undefined when nothing does. */
export function obstacle(peers: readonly Peer[]): string | undefined {
  const missing = peers.filter(name => find(name) === undefined).map(name => packages[name]);
  if (missing.length > 0) return `install ${[...new Set(missing)].join(', ')}`;
  // Postfix's master starts as root and nothing else.
  const ofRoot = peers.find(name => ['postfix', 'unshare', 'mount', 'ip'].includes(name));
  return ofRoot && process.getuid?.() !== 0 ? `run as root (${ofRoot})` : undefined;
}

/**
 * A suite that needs peers. Where one is missing the suite is skipped, and its name says what to
 * install; under `CI=true` that is a failure, so that in CI nothing is ever skipped.
 */
export function describeWithPeers(title: string, peers: readonly Peer[], suite: () => void): void {
  const why = obstacle(peers);
  if (why === undefined) {
    describe(title, suite);
  } else if (process.env['CI'] === 'true') {
    describe(title, () => {
      test(`peers are there: ${why}`, () => {
        throw new Error(`${title}: ${why}. In CI every peer is installed, and none is skipped.`);
      });
    });
  } else {
    // Past vitest, whose default reporter does not print the names of skipped tests.
    process.stderr.write(`SKIPPED: ${title}: ${why}\n`);
    describe.skip(`${title} [skipped: ${why}]`, suite);
  }
}
