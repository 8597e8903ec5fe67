// What Linux knows about a process and about the machine (proc(5)).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

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
