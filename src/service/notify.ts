// Tells systemd how the service is (sd_notify(3)), where it asks for that. Node.js cannot send a UNIX datagram, so
// systemd-notify does: some milliseconds each time, a few times a minute.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** Milliseconds between two looks at the status, where there is no watchdog. */
const usual = 60_000;

/** Milliseconds that systemd-notify has. */
const patience = 5000;

export interface NotifyOptions {
  /** Whether mail can get in. */
  readonly able: () => boolean;
  /** The line of `systemctl status`. */
  readonly status: () => string;
  /** Told once why systemd hears nothing; that is no reason to stop. */
  readonly failed: (why: string) => void;
  /** Brings it to systemd. */
  readonly send: (state: readonly string[]) => Promise<void>;
  /** Milliseconds within which the watchdog wants to hear of us; undefined where there is none. */
  readonly watchdog: number | undefined;
}

export class Notify {
  /** One at a time, so that they arrive in their order. */
  private last: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private looking = false;
  private stopped = false;
  private told = '';
  private complained = false;

  constructor(private readonly options: NotifyOptions) {}

  /** It listens. Resolves when systemd knows; as all of these, never rejects. */
  ready(): Promise<void> {
    const { watchdog } = this.options;
    // A third: one that is late costs nothing yet.
    this.timer ??= setInterval(() => void this.look(), watchdog === undefined ? usual : watchdog / 3);
    return this.tell('READY=1', this.status());
  }

  /** A reload begins; `ready` ends it, whatever came of it. */
  reloading(): Promise<void> {
    const now = process.hrtime.bigint() / 1000n;
    return this.tell('RELOADING=1', `MONOTONIC_USEC=${now}`);
  }

  /** The last that it says. */
  stopping(): void {
    clearInterval(this.timer);
    void this.tell('STOPPING=1');
    this.stopped = true;
  }

  /**
   * Runs only while the event loop turns. The watchdog hears of it if mail can get in, and if the threads that sign
   * and read files have an ear for us.
   */
  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    await promisify(randomBytes)(1);
    const status = this.status();
    if (this.options.watchdog !== undefined && this.options.able()) await this.tell('WATCHDOG=1', status);
    else if (status !== this.told) await this.tell(status);
    this.looking = false;
  }

  private status(): string {
    return `STATUS=${this.options.status()}`;
  }

  private tell(...state: string[]): Promise<void> {
    if (this.stopped) return this.last;
    this.last = this.last.then(async () => {
      try {
        await this.options.send(state);
        this.told = state.at(-1)!;
      } catch (error) {
        if (!this.complained) this.options.failed((error as Error).message);
        this.complained = true;
      }
    });
    return this.last;
  }
}

/** As the environment asks for it; undefined where nobody wants to hear. */
export function notifyAs(
  { NOTIFY_SOCKET: socket, WATCHDOG_USEC, WATCHDOG_PID, PATH }: NodeJS.ProcessEnv,
  pid: number,
  options: Pick<NotifyOptions, 'able' | 'status' | 'failed'>,
): Notify | undefined {
  if (socket === undefined) return undefined;
  const ours = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  const watchdog = ours && Number(WATCHDOG_USEC) > 0 ? Number(WATCHDOG_USEC) / 1000 : undefined;
  // It needs nothing else of our environment.
  const env = { NOTIFY_SOCKET: socket, ...(PATH !== undefined && { PATH }) };
  return new Notify({ ...options, watchdog, send: state => systemdNotify(state, env) });
}

/** Microseconds that a start has from each such word on, where its unit gives it less (sd_notify(3)). */
const extension = 60_000_000;

/** It starts still. Never rejects: without it the unit's own time holds. */
export async function stillStarting(
  { NOTIFY_SOCKET: socket, PATH }: NodeJS.ProcessEnv,
  status: string,
): Promise<void> {
  if (socket === undefined) return;
  const env = { NOTIFY_SOCKET: socket, ...(PATH !== undefined && { PATH }) };
  const state = [`EXTEND_TIMEOUT_USEC=${extension}`, `STATUS=${status}`];
  await systemdNotify(state, env).catch(() => undefined);
}

function systemdNotify(state: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('systemd-notify', state, {
      env,
      stdio: 'ignore',
      timeout: patience,
      killSignal: 'SIGKILL',
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`systemd-notify ended with ${code ?? signal}`));
    });
  });
}
