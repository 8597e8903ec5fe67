// One message through `filter()` in memory: fixed clock, fixed random octets, fixed keys, and a next hop that keeps all.
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Address } from '../../src/address.js';
import { digests } from '../../src/algorithms.js';
import { loadCertificate, nodeIo } from '../../src/certs/load.js';
import type { Envelope, Recipient } from '../../src/envelope.js';
import type { Reply } from '../../src/failure.js';
import { filter, type Hands } from '../../src/filter.js';
import type { Identity } from '../../src/identity.js';
import { Journal } from '../../src/journal.js';
import type { NextHop, Trace, Transfer } from '../../src/next-hop.js';
import { Outcomes } from '../../src/outcomes.js';
import { parsePatterns } from '../../src/rules/pattern.js';
import type { Exception, Policy, Rule } from '../../src/rules/policy.js';

/** The moment in which all golden messages are signed. */
export const goldenClock = new Date('2026-11-24T10:30:00Z');
export const goldenDirectory = join(import.meta.dirname, '..', 'golden');

/** The identity of anna@example.com, with a key that everybody knows. */
export async function goldenIdentity(key: 'rsa' | 'ec'): Promise<Identity> {
  const file = join(goldenDirectory, `${key}.pem`);
  const source = { name: key, file, password: { kind: 'none' } } as const;
  const loaded = await loadCertificate(source, { ...nodeIo, now: () => goldenClock });
  if ('problems' in loaded) throw new Error(loaded.problems.map(p => p.message).join('\n'));
  return loaded.identity;
}

/** A rule that signs for everybody at example.com with that identity. */
export function ruleFor(identity: Identity, changes: Partial<Rule> = {}): Rule {
  return {
    name: 'staff',
    senders: parsePatterns('*@example.com'),
    match: 'from',
    sign: 'always',
    requireCertificate: false,
    certificateSource: `certificate ${identity.name}`,
    identitiesFor: () => [identity],
    unusableFor: () => undefined,
    digest: digests.sha256,
    envelopeSender: 'same-domain',
    noCertificate: 'defer',
    expired: 'defer',
    mismatch: 'defer',
    failure: 'defer',
    signature: 'auto',
    form: 'clear',
    headerProtection: false,
    localParts: 'ignore-case',
    unsignable: 'opaque',
    ...changes,
  };
}

export function policyFor(identity: Identity, ...exceptions: Exception[]): Policy {
  return {
    ...{ rules: [ruleFor(identity)], exceptions, leaveUnsigned: ['mobile-carriers', 'calendar', 'tnef'] },
    ...{ requestHeader: 'X-Postseal-Sign', noRule: 'pass' },
  };
}

export function address(text: string): Address {
  const parsed = Address.parse(text);
  if (!parsed) throw new Error(`no address: ${text}`);
  return parsed;
}

/** An envelope as Postfix would hand it over. */
export function envelope(sender: string, recipients: readonly string[], parameters: string[] = []): Envelope {
  return {
    sender: address(sender),
    parameters,
    recipients: recipients.map(r => ({ address: address(r), parameters: [] })),
    forwarded: new Map([['IDENT', '4bXyZ0123456789']]),
  };
}

/** One transaction with the next hop, as it stood at the end. */
export interface Delivery {
  readonly envelope: Envelope;
  content: Buffer;
  state: 'open' | 'finished' | 'aborted';
}

/** A next hop that answers as it is told, and keeps what it got. */
export class MemoryHop implements NextHop {
  readonly deliveries: Delivery[] = [];

  /** @param answer to each finished message; may throw, as the return port does */
  constructor(
    private readonly answer: (delivery: Delivery) => Reply = () => ({ code: 250, text: '2.0.0 Ok: stored' }),
    private readonly opening: (
      recipients: readonly Recipient[],
    ) => ReadonlyMap<Recipient, Reply> | undefined = () => undefined,
  ) {}

  async open(given: Envelope, trace: Trace): Promise<Transfer> {
    trace('sent', `MAIL FROM:<${given.sender.text}>`);
    const refused = this.opening(given.recipients) ?? new Map<Recipient, Reply>();
    const delivery: Delivery = { envelope: given, content: Buffer.alloc(0), state: 'open' };
    this.deliveries.push(delivery);
    const pieces: Buffer[] = [];
    return Promise.resolve({
      refused,
      async write(bytes: Buffer) {
        pieces.push(Buffer.from(bytes));
        return Promise.resolve();
      },
      finish: async (bytes: Buffer) => {
        delivery.content = Buffer.concat([...pieces, bytes]);
        const reply = this.answer(delivery);
        delivery.state = 'finished';
        return Promise.resolve(reply);
      },
      abort: () => {
        if (delivery.state === 'open') delivery.state = 'aborted';
      },
    });
  }
}

export interface Filtered {
  /** To the first recipient: over SMTP, to all of them. */
  readonly reply: Reply;
  readonly replies: readonly Reply[];
  readonly deliveries: readonly Delivery[];
  /** The lines of the normal journal. */
  readonly journal: readonly string[];
}

/** Runs the filter over the pieces of a message. */
export async function runFilter(
  content: AsyncIterable<Buffer> | Iterable<Buffer>,
  given: Envelope,
  hands: Partial<Hands> & { readonly policy: Policy; readonly nextHop?: MemoryHop },
  repliesEach = false,
): Promise<Filtered> {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString().trimEnd());
      done();
    },
  });
  const journal = new Journal({ debug: false, debugFile: 'stdout', stream, timestamps: false });
  const nextHop = hands.nextHop ?? new MemoryHop();
  const pieces = async function* (): AsyncGenerator<Buffer> {
    yield* content;
  };
  const replies = await filter(
    {
      envelope: given,
      content: pieces(),
      repliesEach,
      client: { helo: 'mail.example.com', address: '192.0.2.1' },
    },
    {
      outcomes: new Outcomes(),
      clock: () => goldenClock,
      random: octets => Buffer.alloc(octets, 0x5a),
      uptime: () => 0,
      hostname: 'seal.example.com',
      maxHops: 5,
      ...hands,
      journal,
      nextHop,
    },
  );
  await journal.close();
  return { reply: replies[0]!, replies, deliveries: nextHop.deliveries, journal: lines };
}
