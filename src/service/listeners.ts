// Listens for those who ask the running service: on the control socket, and where metrics are to be had.
import { formatEndpoint, type Config, type Endpoint } from '../config/config.js';
import type { Journal } from '../journal.js';
import { controlSocket } from './control-socket.js';
import { HttpListener, type Routes } from './http.js';

interface Door {
  readonly what: string;
  /** Its line of the ini file, but for the value. */
  readonly key: string;
  /** Of its file, where it is a UNIX socket. */
  readonly mode: number;
  readonly routes: Routes;
  readonly place: Endpoint | undefined;
}

export class Listeners {
  private readonly open = new Map<string, { readonly place: Endpoint; readonly listener: HttpListener }>();

  constructor(
    private readonly journal: Journal,
    private readonly routes: { readonly control: Routes; readonly watch: Routes },
  ) {}

  /**
   * Listens where the ini file says. What listens already stays where it is until a restart: who changes the place of
   * the control socket asks at the new one. Never rejects: mail passes all the same.
   */
  async set(config: Config): Promise<void> {
    for (const door of this.doors(config)) {
      const there = this.open.get(door.key);
      if (!there) await this.listen(door);
      else if (line(door.key, there.place) !== line(door.key, door.place))
        this.journal.needsRestart(line(door.key, door.place), line(door.key, there.place));
    }
  }

  async close(): Promise<void> {
    for (const { listener } of this.open.values()) await listener.close();
  }

  private doors(config: Config): Door[] {
    // Without systemd there is no directory that is ours, but the ini file may name one.
    const hasControl = config.service.control !== undefined || process.env['RUNTIME_DIRECTORY'] !== undefined;
    return [
      {
        ...{ what: 'control socket', key: 'control', routes: this.routes.control },
        // Whoever gets at it steers the service: root and our user alone.
        mode: 0o600,
        place: hasControl ? { kind: 'unix', path: controlSocket(config.file, config) } : undefined,
      },
      {
        ...{ what: 'metrics', key: 'listen in [metrics]', routes: this.routes.watch },
        // Whoever is in our group may read.
        mode: 0o660,
        place: config.metrics.listen,
      },
    ];
  }

  private async listen({ what, key, mode, routes, place }: Door): Promise<void> {
    if (!place) return;
    const { journal } = this;
    const listener = new HttpListener(routes, error => {
      journal.listenerFault(what, error);
    });
    try {
      await listener.listen(place, mode);
      this.open.set(key, { place, listener });
    } catch (error) {
      journal.notListening(what, (error as Error).message);
    }
  }
}

function line(key: string, place: Endpoint | undefined): string {
  const value = place?.kind === 'unix' && key === 'control' ? place.path : place && formatEndpoint(place);
  return `${key} = ${value ?? '(none)'}`;
}
