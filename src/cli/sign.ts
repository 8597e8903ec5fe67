// `postseal sign`: the path of the service for one message, with standard output as the next hop.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Envelope, Recipient } from '../envelope.js';
import { Failure, outcome, type Reply } from '../failure.js';
import { filter } from '../filter.js';
import { Journal } from '../journal.js';
import type { NextHop, Transfer } from '../next-hop.js';
import { Outcomes } from '../outcomes.js';
import { defaultConfig, envelopeOptions, messageOptions, parseOptions } from './arguments.js';
import { CommandError, exit } from './exit.js';
import { readMessage } from './input.js';
import { loadOrFail } from './load.js';

export const signHelp = `Usage: postseal sign [--config FILE] [--sender ADDRESS] [--recipient ADDRESS]... < in.eml > out.eml

Sends one message down the same path as the service, with standard output as the next hop. The line that
the journal would have is on standard error.

  -c, --config FILE        the ini file (default ${defaultConfig})
  -f, --sender ADDRESS     the envelope sender (default: the From field's)
  -r, --recipient ADDRESS  an envelope recipient, may be repeated (default: those of To, Cc and Bcc)
      --debug              the debug journal too, on standard error

Recipients that get different copies need a run each: standard output takes only one.

Exit status: 0 the message was signed, or passed as it is; 75 the service would defer it; 69 it would refuse
it for good. In the last two cases nothing is on standard output.
`;

export async function sign(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('sign', args, { ...messageOptions, debug: { type: 'boolean' } });
  const path = values.config ?? defaultConfig;
  const given = envelopeOptions(values);
  const { config, policy } = await loadOrFail(path);
  const journal = new Journal({
    debug: values.debug === true,
    debugFile: 'stdout',
    stream: process.stderr,
    timestamps: false,
  });
  const message = await readMessage(process.stdin, given);
  const directory = await mkdtemp(join(tmpdir(), 'postseal-'));
  try {
    const outcomes = new Outcomes();
    const attempt = async (): Promise<{ spool: Spool; reply: Reply }> => {
      const spool = new Spool(join(directory, 'message'));
      const { envelope, content } = message;
      const [reply] = await filter(
        { envelope, content, repliesEach: false, client: { helo: 'localhost', address: '' } },
        {
          policy,
          nextHop: spool,
          outcomes,
          journal,
          clock: () => new Date(),
          random: randomBytes,
          hostname: config.service.hostname,
          maxHops: config.service.maxHops,
        },
      );
      return { spool, reply: reply! };
    };
    let { spool, reply } = await attempt();
    // Postfix would come again: what was found too late for form = clear is known by then.
    const late = outcomes.whyUnsignable(message.header.block) !== undefined;
    if (late && outcome(reply) === 'deferred') ({ spool, reply } = await attempt());
    await journal.close();
    if (spool.overfull) throw new CommandError(exit.usage, mixed);
    const result = outcome(reply);
    if (result !== 'accepted') return result === 'rejected' ? exit.unavailable : exit.tempFail;
    await pipeline(createReadStream(spool.path), process.stdout, { end: false });
    return exit.ok;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const mixed = 'some recipients get a signed copy and some do not; name with --recipient whose copy you want';

/** A next hop that takes one message into a file: nothing may reach standard output before it is accepted. */
class Spool implements NextHop {
  /** It was asked to take a second copy. */
  overfull = false;
  private opened = false;

  constructor(readonly path: string) {}

  open(_envelope: Envelope): Promise<Transfer> {
    this.overfull = this.opened;
    if (this.overfull)
      return Promise.reject(new Failure('recipients-refused', 'standard output takes one copy'));
    this.opened = true;
    return Promise.resolve(new SpoolTransfer(createWriteStream(this.path, { mode: 0o600 })));
  }
}

class SpoolTransfer implements Transfer {
  readonly refused = new Map<Recipient, Reply>();

  constructor(private readonly file: WriteStream) {}

  async write(bytes: Buffer): Promise<void> {
    if (!this.file.write(bytes)) await once(this.file, 'drain');
  }

  async finish(): Promise<{ code: number; text: string }> {
    this.file.end();
    await once(this.file, 'finish');
    return { code: 250, text: '2.0.0 Ok: written to standard output' };
  }

  abort(): void {
    this.file.destroy();
  }
}
