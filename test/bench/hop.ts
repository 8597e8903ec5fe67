// Messages through the hop, signed and unsigned, beside the bare signature.
//
//   smtp-source ──10 connections──► postseal serve ──► smtp-sink
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Service } from '../support/service.js';
import { type Kind, KB, MB, message, recipient, signedSender, unsignedSender } from './messages.js';
import { cpuTime } from './proc.js';
import { type Setting, Sink, smtpSource } from './setting.js';

export interface HopCase {
  readonly name: string;
  readonly kind: Kind;
  readonly size: number;
  /** `straight`: from smtp-source into smtp-sink with nothing between them, the most there is to have. */
  readonly way: 'signed' | 'unsigned' | 'straight';
  /** Messages in a run. */
  readonly count: number;
  readonly reconnect?: boolean;
}

/** One run. */
export interface HopSample {
  readonly perSecond: number;
  /** CPU time of the whole process of Postseal for one message, in milliseconds. */
  readonly cpu: number;
}

export const hopCases: readonly HopCase[] = [
  { name: 'straight, 10 KB', kind: 'text', size: 10 * KB, way: 'straight', count: 4000 },
  { name: 'unsigned, 10 KB', kind: 'text', size: 10 * KB, way: 'unsigned', count: 4000 },
  { name: 'signed, 10 KB', kind: 'text', size: 10 * KB, way: 'signed', count: 2500 },
  { name: 'signed, 10 KB of 8-bit text', kind: '8-bit text', size: 10 * KB, way: 'signed', count: 2500 },
  {
    name: 'signed, 10 KB, a connection for each message',
    kind: 'text',
    size: 10 * KB,
    way: 'signed',
    count: 2500,
    reconnect: true,
  },
  { name: 'straight, 1 MB attachment', kind: 'attachment', size: MB, way: 'straight', count: 200 },
  { name: 'unsigned, 1 MB attachment', kind: 'attachment', size: MB, way: 'unsigned', count: 200 },
  { name: 'signed, 1 MB attachment', kind: 'attachment', size: MB, way: 'signed', count: 150 },
  { name: 'signed, 1 MB of 8-bit text', kind: '8-bit text', size: MB, way: 'signed', count: 80 },
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
  async run({ name, kind, size, way, reconnect }: HopCase, count: number): Promise<HopSample> {
    const sender = way === 'signed' ? signedSender : unsignedSender;
    const file = this.setting.file(`${name}.eml`, message(kind, size, sender));
    const port = way === 'straight' ? this.sink.port : this.port;
    const { pid } = this.service;
    const [cpuBefore, linesBefore] = [cpuTime(pid), this.treated(way)];
    const seconds = await smtpSource({ port, sender, recipient, file, count, reconnect: reconnect ?? false });
    const cpu = (cpuTime(pid) - cpuBefore) / count;
    const treated = this.treated(way) - linesBefore;
    if (way !== 'straight' && treated !== count) throw new Error(`${name}: ${treated} of ${count} messages`);
    return { perSecond: count / seconds, cpu };
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.sink.stop();
  }

  private treated(way: HopCase['way']): number {
    return this.service.lines(`, ${way} `).filter(line => line.includes('reply="250 ')).length;
  }
}

const signInPool = promisify(sign);

/**
 * The bare signature by node:crypto in libuv's thread pool, ten at a time.
 * @returns signatures a second, and CPU time of this whole process for one, in milliseconds
 */
export async function bareSignature(setting: Setting, count: number): Promise<HopSample> {
  const key = createPrivateKey(readFileSync(setting.certificate.key));
  const attributes = randomBytes(300);
  const begin = performance.now();
  const before = process.cpuUsage();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await signInPool('sha256', attributes, key);
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - begin) / 1000;
  return { perSecond: count / seconds, cpu: (user + system) / 1000 / count };
}
