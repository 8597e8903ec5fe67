// What figures were measured on: the machine, and the versions of what ran on it.
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { peer } from '../support/peers.js';

/** Values, so that they can be kept beside the figures. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** In GB. */
  readonly memory: number;
  readonly kernel: string;
  readonly node: string;
  /** The command, and what Node has of its own. */
  readonly openssl: string;
  readonly nodeOpenssl: string;
  readonly postfix: string;
  /** Of Postseal; with `+` where files were changed since. */
  readonly commit: string;
}

export function thisMachine(): Machine {
  const processors = cpus();
  const postconf = peer('postfix').replace(/postfix$/, 'postconf');
  return {
    processor: processors[0]?.model ?? 'unknown processor',
    cores: processors.length,
    memory: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    openssl: output('openssl', ['version'])?.split(' ')[1] ?? 'none',
    nodeOpenssl: process.versions.openssl,
    postfix: output(postconf, ['-d', '-h', 'mail_version']) ?? 'none',
    commit: commit(),
  };
}

/** As one sentence of Markdown. */
export function describe(machine: Machine): string {
  const { processor, cores, memory, kernel, node, nodeOpenssl, openssl, postfix } = machine;
  return `${cores} × ${processor}, ${memory} GB, Linux ${kernel}, Node ${node} with OpenSSL ${nodeOpenssl}, OpenSSL ${openssl}, Postfix ${postfix}`;
}

function commit(): string {
  const hash = output('git', ['rev-parse', '--short=7', 'HEAD']);
  if (hash === undefined) return 'unknown';
  return output('git', ['status', '--porcelain', '--untracked-files=no', ':/src']) === '' ? hash : `${hash}+`;
}

/** undefined where the program is not there, or fails */
function output(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
}
