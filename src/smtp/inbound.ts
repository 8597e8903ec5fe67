// Receives mail from Postfix: a server of smtp-server's, with connections of our own.
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { Connection, type Owner } from './connection.js';
import { turnAway } from './doorkeeper.js';
import type { InboundOptions } from './inbound-options.js';

/** Connections that wait to be accepted, as systemd has it: of more than that some would get no greeting for long. */
const backlog = 4096;

export class Inbound {
  private readonly server: Server;

  constructor(options: InboundOptions) {
    this.server = new Server(options);
    this.server.on('error', error => {
      // Before it listens, `listen` tells.
      if (this.server.server.listening) options.onError(error);
    });
  }

  /** Listens as net.Server does. @throws the system's error: EADDRINUSE, EACCES */
  listen(where: { host: string; port: number } | { path: string } | { fd: number }): Promise<void> {
    const { server } = this.server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...where, backlog }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
  }

  /** Where it listens over TCP; undefined on a UNIX socket. */
  get address(): AddressInfo | undefined {
    const address = this.server.server.address();
    return typeof address === 'object' && address ? address : undefined;
  }

  get listening(): boolean {
    return this.server.server.listening;
  }

  /** How many are open. */
  get connections(): number {
    return this.server.connections.size;
  }

  /** Takes no more connections, lets messages in flight finish within the limit, ends idle connections. */
  async close(): Promise<void> {
    await new Promise<void>(resolve => {
      this.server.close(() => {
        resolve();
      });
      for (const connection of this.server.connections) (connection as Connection).closeIfIdle();
    });
    for (const connection of this.server.inFlight.keys()) connection.abandon();
  }

  /** Resolves when no message is in flight any more; after `close`, and once nothing holds them up. */
  async settled(): Promise<void> {
    await Promise.all(this.server.inFlight.values());
  }
}

class Server extends SMTPServer implements Owner {
  readonly inFlight = new Map<Connection, Promise<unknown>>();

  constructor(readonly inbound: InboundOptions) {
    super({
      lmtp: inbound.protocol === 'lmtp',
      banner: 'Postseal',
      disableReverseLookup: true,
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS', 'HELP', 'WIZ', 'SHELL', 'KILL'],
      hideENHANCEDSTATUSCODES: true, // it would choose the codes; ours are part of the text
      heloResponse: '%s',
      get socketTimeout() {
        return inbound.timeout; // smtp-server keeps this very object, and asks it each time
      },
      get closeTimeout() {
        return Math.max(1, inbound.shutdownTimeout); // 0 would mean its default, 30 s
      },
      logger: false,
      // By default a turn of the event loop later, and until then who says a word is sent away.
      onConnect: (_, callback) => {
        callback();
      },
    } satisfies SMTPServerOptions);
  }

  override connect(socket: Socket): void {
    if (!this.inbound.admits(socket.remoteAddress)) {
      turnAway(socket);
      return;
    }
    const connection = new Connection(this, socket);
    this.connections.add(connection);
    connection.on('error', this.inbound.onError);
    connection.init();
  }
}
