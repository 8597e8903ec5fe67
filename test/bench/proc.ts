// What Linux knows about a process (proc(5)), and about this machine.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { peer } from '../support/peers.js';

/** Ticks in a second: the unit of utime and stime. */
const ticks = Number(execFileSync('getconf', ['CLK_TCK']).toString());

/** CPU time of the whole process so far, all its threads, in milliseconds. */
export function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program, in parentheses, may contain anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticks;
}

/** CPU time of everything on this machine so far, in milliseconds. */
export function busyTime(): number {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'latin1')
    .split(/ +/, 8)
    .map(Number);
  return ((user! + nice! + system! + irq! + softirq!) * 1000) / ticks;
}

/** Resident memory in MB: now, and at its highest. */
export function residentMemory(pid: number): { now: number; highest: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: megabytes('VmRSS'), highest: megabytes('VmHWM') };
}

/** One line a fact, as Markdown. */
export function describeMachine(): string[] {
  const processors = cpus();
  const version = (program: () => string): string => {
    try {
      return program().trim();
    } catch {
      return 'not installed';
    }
  };
  const openssl = version(() => execFileSync('openssl', ['version']).toString());
  const postfix = version(() =>
    execFileSync(peer('postfix').replace(/postfix$/, 'postconf'), ['-d', '-h', 'mail_version']).toString(),
  );
  return [
    `- ${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(1)} GB, Linux ${release()}`,
    `- Node ${process.versions.node} with OpenSSL ${process.versions.openssl}; openssl command ${openssl.split(' ')[1] ?? openssl}; Postfix ${postfix}`,
    `- load average before the first run: ${loadavg()[0]!.toFixed(2)} (anything but 0 makes the figures worse)`,
  ];
}
