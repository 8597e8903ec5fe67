// Watches directories of certificates. A change is told once they have been quiet, as files are written in pieces, but
// not put off for ever.
import { watch, type FSWatcher } from 'node:fs';

/** Milliseconds without a change. */
const quiet = 2000;
/** Milliseconds after the first change that it is told all the same. */
const longest = 30_000;

export class Watch {
  private watchers: FSWatcher[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** When the first change was that is not told yet. */
  private since: number | undefined;

  /**
   * @param changed told of the directory that changed last
   * @param failed told why a directory is not watched; that is no reason to stop
   */
  constructor(
    private readonly changed: (directory: string) => void,
    private readonly failed: (directory: string, why: string) => void,
  ) {}

  /** Watches these from now on, and no others. One that was made anew is another one to the system. */
  set(directories: readonly string[]): void {
    const before = this.watchers;
    this.watchers = directories.flatMap(directory => this.open(directory) ?? []);
    for (const watcher of before) watcher.close();
  }

  close(): void {
    this.set([]);
    clearTimeout(this.timer);
  }

  private put(directory: string): void {
    const now = performance.now();
    this.since ??= now;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        this.since = undefined;
        this.changed(directory);
      },
      Math.max(0, Math.min(quiet, this.since + longest - now)),
    ).unref();
  }

  private open(directory: string): FSWatcher | undefined {
    try {
      // No reason to go on running.
      const watcher = watch(directory, { persistent: false }, () => {
        this.put(directory);
      });
      watcher.on('error', (error: NodeJS.ErrnoException) => {
        this.failed(directory, reason(error));
      });
      return watcher;
    } catch (error) {
      this.failed(directory, reason(error as NodeJS.ErrnoException));
      return undefined;
    }
  }
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'ENOSPC') return 'too many watches; raise fs.inotify.max_user_watches with sysctl';
  if (code === 'EMFILE') return 'too many watchers; raise fs.inotify.max_user_instances with sysctl';
  return message;
}
