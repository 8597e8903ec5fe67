// An SMTP client that says what it is told to, octet for octet, and keeps what it hears.
import { connect, type NetConnectOpts, type Socket } from 'node:net';

export class DialogClient {
  private input = '';
  private ended = false;
  private wake: (() => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.input += text;
      this.wake?.();
    });
    // Being hung up on is heard at the next `hear`.
    socket.on('error', () => undefined);
    const end = (): void => {
      this.ended = true;
      this.wake?.();
    };
    socket.on('end', end);
    socket.on('close', end);
  }

  static connect(where: NetConnectOpts): Promise<DialogClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(where, () => {
        resolve(new DialogClient(socket));
      });
      socket.once('error', reject);
    });
  }

  /** Sends in one packet, as far as that is in our hands. */
  send(octets: Buffer | string): void {
    this.socket.write(octets);
  }

  /** Sends a command and hears its reply. @returns the lines of the reply, `\n` in between */
  async ask(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return (await this.hear()).join('\n');
  }

  /** The next reply as lines; `(closed)` at the end of the connection, `(nothing)` after so long. */
  async hear(ms = 8000): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line(ms);
      lines.push(line);
      if (!/^\d{3}-/.test(line)) return lines;
    }
  }

  /** Drops the connection. */
  hangUp(): void {
    this.socket.destroy();
  }

  private async line(ms: number): Promise<string> {
    for (const end = Date.now() + ms; ;) {
      const at = this.input.indexOf('\r\n');
      if (at !== -1) {
        const line = this.input.slice(0, at);
        this.input = this.input.slice(at + 2);
        return line;
      }
      if (this.ended) return '(closed)';
      const left = end - Date.now();
      if (left <= 0) return '(nothing)';
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
