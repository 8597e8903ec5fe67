// One virtual message on the path of the service: what is decided, what comes out, and what verifiers say of it.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Decision, SignDecision, Verdict } from '../decision.js';
import { factsOf } from '../facts.js';
import { outcome, type Reply } from '../failure.js';
import type { MessageEntry } from '../entry.js';
import { Journal } from '../journal.js';
import { Outcomes } from '../outcomes.js';
import { decide } from '../rules/decide.js';
import type { Policy } from '../rules/policy.js';
import { envelopeOf } from './arguments.js';
import { readMessage, type InputMessage } from './input.js';
import type { Installation } from '../service/load.js';
import { opinionsOf, type Opinions, type Trust } from './second-opinion.js';
import { send } from './send.js';
import { passThrough } from './spool.js';
import { contentOf, parametersOf, type VirtualMessage } from './virtual-message.js';

export interface Trial extends Verdict {
  readonly message: VirtualMessage;
  readonly reply: Reply;
  /** What the journal says of it, a line each. */
  readonly journal: string;
  /** Of a message that was signed. */
  readonly opinions?: Opinions;
  /** What the running service answered, if it was asked. */
  readonly service?: Reply;
}

export interface Circumstances {
  readonly installation: Installation;
  readonly trust: Trust;
  /** Whether to hand the message to the running service too. */
  readonly sends: boolean;
}

/** @throws CommandError as `send` does */
export async function tryOut(
  message: VirtualMessage,
  { installation, trust, sends }: Circumstances,
): Promise<Trial> {
  const { config, policy } = installation;
  const { sender, recipient } = message;
  const { hostname } = config.service;
  const id = randomBytes(8).toString('hex');
  const { requestHeader } = policy;
  const content = contentOf(message, { now: new Date(), id, hostname, requestHeader });
  const input = await readMessage(Readable.from([content]), { sender, recipients: [recipient] });
  const envelope = { ...envelopeOf(sender, [recipient]), parameters: parametersOf(message) };
  const facts = factsOf(envelope, input.header, input.beginning);
  const [verdict] = decide(policy, facts, [recipient], new Date()) as [Verdict];
  const passed = await passage({ ...input, envelope }, installation);
  const decision = passed.decision ?? verdict.decision;
  const opinions =
    decision.action === 'sign' && passed.content
      ? await opinionsOf(passed.content, decision, trust, mayDiffer(policy, decision))
      : undefined;
  return {
    message,
    decision,
    steps: verdict.steps,
    reply: passed.reply,
    journal: passed.journal,
    ...(opinions && { opinions }),
    ...(sends && { service: await send(config.service, envelope, content) }),
  };
}

/** Whether the rule signs with a certificate that does not name From. */
function mayDiffer({ rules }: Policy, { rule: name }: SignDecision): boolean {
  const mismatch = rules.find(rule => rule.name === name)?.mismatch;
  return mismatch === 'allow' || mismatch === 'warn';
}

interface Passage {
  readonly reply: Reply;
  /** Absent where it did not get as far. */
  readonly decision?: Decision | undefined;
  readonly journal: string;
  /** What came out, if it was accepted. */
  readonly content: Buffer | undefined;
}

async function passage(message: InputMessage, installation: Installation): Promise<Passage> {
  let lines = '';
  let entry: MessageEntry | undefined;
  const journal = new Journal({
    debug: false,
    debugFile: 'stdout',
    timestamps: false,
    stream: new Writable({
      write(chunk, _encoding, done) {
        lines += String(chunk);
        done();
      },
    }),
    events: {
      message: (_id, told) => {
        entry = told;
      },
    },
  });
  const directory = await mkdtemp(join(tmpdir(), 'postseal-'));
  try {
    const path = join(directory, 'message');
    const { reply } = await passThrough(message, path, installation, { journal, outcomes: new Outcomes() });
    await journal.close();
    const content = outcome(reply) === 'accepted' ? await readFile(path) : undefined;
    return { reply, decision: entry?.groups[0]?.decision, journal: lines, content };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
