// What Linux tells of a running process of ours (proc(5)).
import { readdirSync } from 'node:fs';

/** How many file descriptors it has open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
