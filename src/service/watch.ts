// Watches directories of certificates. A change is told once they have been quiet: files are written in pieces.
import { watch, type FSWatcher } from 'node:fs';

/** Milliseconds without a change. */
const quiet = 2000;

export class Watch {
  private watchers: FSWatcher[] = [];
  private timer: NodeJS.Timeout | undefined;

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

  private open(directory: string): FSWatcher | undefined {
    try {
      const watcher = watch(directory, () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
          this.changed(directory);
        }, quiet);
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
