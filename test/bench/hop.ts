// Messages through the hop, signed and unsigned, beside the bare signature.
//
//   smtp-source ──10 connections──► postseal serve ──► smtp-sink
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Service } from '../support/service.js';
import type { Issued } from '../support/pki.js';
import {
  ecdsaSender,
  type Kind,
  KB,
  MB,
  message,
  opaqueSender,
  protectedSender,
  recipient,
  signedSender,
  unsignedSender,
} from './messages.js';
import { cpuTime } from './proc.js';
import { type Setting, Sink, smtpSource } from './setting.js';

export interface HopCase {
  readonly name: string;
  readonly kind: Kind;
  readonly size: number;
  /** Absent: from smtp-source into smtp-sink with nothing between them, the most there is to have. */
  readonly sender?: string;
  /** Messages in a run. */
  readonly count: number;
  readonly reconnect?: boolean;
  /** Default 10. */
  readonly connections?: number;
}

/** One run. */
export interface HopSample {
  readonly perSecond: number;
  /** CPU time of the whole process of Postseal for one message, in milliseconds. */
  readonly cpu: number;
}

const text = { kind: 'text', size: 10 * KB, count: 1500 } as const;
const attachment = { kind: 'attachment', size: MB, count: 100 } as const;
const eightBit = { kind: '8-bit text', size: MB, count: 60 } as const;

export const hopCases: readonly HopCase[] = [
  { ...text, name: 'straight, 10 KB', count: 3000 },
  { ...text, name: 'unsigned, 10 KB', sender: unsignedSender, count: 3000 },
  { ...text, name: 'signed, 10 KB', sender: signedSender, count: 2000 },
  { ...text, name: 'signed, 10 KB of 8-bit text', sender: signedSender, kind: '8-bit text' },
  { ...text, name: 'signed, 10 KB, a connection for each message', sender: signedSender, reconnect: true },
  { ...text, name: 'straight, 10 KB, one at a time', connections: 1 },
  { ...text, name: 'signed, 10 KB, one at a time', sender: signedSender, connections: 1 },
  { ...text, name: 'signed, 10 KB, header protection', sender: protectedSender },
  { ...text, name: 'signed, 10 KB, ECDSA P-256', sender: ecdsaSender },
  { ...text, name: 'signed, 10 KB, opaque', sender: opaqueSender },
  { ...attachment, name: 'straight, 1 MB attachment' },
  { ...attachment, name: 'unsigned, 1 MB attachment', sender: unsignedSender },
  { ...attachment, name: 'signed, 1 MB attachment', sender: signedSender },
  { ...attachment, name: 'signed, 1 MB attachment, opaque', sender: opaqueSender },
  { ...eightBit, name: 'signed, 1 MB of 8-bit text', sender: signedSender },
  { ...eightBit, name: 'signed, 1 MB of 8-bit text, opaque', sender: opaqueSender },
];

export class Hop {
  private constructor(
    private readonly setting: Setting,
    private readonly sink: Sink,
    private readonly service: Service,
    private readonly port: number,
  ) {}

  static async start(setting: Setting): Promise<Hop> {
    const sink = await Sink.start();
    const { service, port } = await setting.serve('hop', sink.port);
    return new Hop(setting, sink, service, port);
  }

  /** @param count messages; @throws Error if one of them was not treated as the case says */
  async run(one: HopCase, count: number): Promise<HopSample> {
    const { name, kind, size, sender, connections, reconnect = false } = one;
    const from = sender ?? unsignedSender;
    const file = this.setting.file(`${name}.eml`, message(kind, size, from));
    const port = sender === undefined ? this.sink.port : this.port;
    const { pid } = this.service;
    const [cpuBefore, linesBefore] = [cpuTime(pid), this.treated(from)];
    const seconds = await smtpSource({
      port,
      sender: from,
      recipient,
      file,
      count,
      reconnect,
      ...(connections !== undefined && { connections }),
    });
    const cpu = (cpuTime(pid) - cpuBefore) / count;
    const treated = this.treated(from) - linesBefore;
    if (treated !== (sender === undefined ? 0 : count))
      throw new Error(`${name}: ${treated} of ${count} messages`);
    return { perSecond: count / seconds, cpu };
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.sink.stop();
  }

  /** Messages of this sender that went through as they should. */
  private treated(from: string): number {
    const how = from === unsignedSender ? 'unsigned' : 'signed';
    return this.service
      .lines(`from=<${from}>, ${how} `)
      .filter(
        line => line.includes('reply="250 ') && line.includes(' form=opaque') === (from === opaqueSender),
      ).length;
  }
}

const signInPool = promisify(sign);

/**
 * The bare signature by node:crypto in libuv's thread pool.
 * @param atOnce how many
 * @returns signatures a second, and CPU time of this whole process for one, in milliseconds
 */
export async function bareSignature({ key: file }: Issued, count: number, atOnce = 10): Promise<HopSample> {
  const key = createPrivateKey(readFileSync(file));
  const attributes = randomBytes(300);
  const begin = performance.now();
  const before = process.cpuUsage();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await signInPool('sha256', attributes, key);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - begin) / 1000;
  return { perSecond: count / seconds, cpu: (user + system) / 1000 / count };
}
