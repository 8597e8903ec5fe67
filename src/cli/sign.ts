// `postseal sign`: the path of the service for one message, with standard output as the next hop.
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { outcome } from '../failure.js';
import { Journal } from '../journal.js';
import { Outcomes } from '../outcomes.js';
import { defaultConfig, envelopeOptions, messageOptions, parseOptions } from './arguments.js';
import { CommandError, exit } from '../exit.js';
import { readMessage } from './input.js';
import { loadOrFail } from '../service/load.js';
import { passThrough, type Spooled } from './spool.js';

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
  const given = envelopeOptions(values);
  const installation = await loadOrFail(values.config ?? defaultConfig);
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
    const path = join(directory, 'message');
    const attempt = (): Promise<Spooled> => passThrough(message, path, installation, { journal, outcomes });
    let { reply, overfull } = await attempt();
    // Postfix would come again: what showed only while it was signed is known by then.
    const late = outcomes.foundEarlier(message.header.block) !== undefined;
    if (late && outcome(reply) === 'deferred') ({ reply, overfull } = await attempt());
    await journal.close();
    if (overfull) throw new CommandError(exit.usage, mixed);
    const result = outcome(reply);
    if (result !== 'accepted') return result === 'rejected' ? exit.unavailable : exit.tempFail;
    await pipeline(createReadStream(path), process.stdout, { end: false });
    return exit.ok;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const mixed = 'some recipients get a signed copy and some do not; name with --recipient whose copy you want';
