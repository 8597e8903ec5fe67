// A clock for `node --import` that can be set while the process runs.

/**
 * The clock on the wall as Node sees it: it jumps where a file says so, at SIGUSR2. What does not go by it (timers,
 * performance.now) does not jump in a process whose machine is set to another time either.
 */
export const clock = (file: string): string =>
  `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const Real = Date;
  let offset = 0;
  globalThis.Date = class extends Real {
    constructor(...args) { if (args.length > 0) super(...args); else super(Real.now() + offset); }
    static now() { return Real.now() + offset; }
  };
  process.on('SIGUSR2', () => { offset = Number(readFileSync(${JSON.stringify(file)})); console.log('clock jumps', offset); });
`)}`;
