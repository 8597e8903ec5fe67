// Resident memory of postseal serve while one large message passes, after many small ones.
//
//   smtp-source, then a streaming sender ──► postseal serve ──► smtp-sink
import { writeFileSync } from 'node:fs';
import { sendMail } from '../support/smtp-client.js';
import { KB, MB, message, opaqueSender, recipient, signedSender, streamed } from './messages.js';
import { residentMemory } from './proc.js';
import { type Setting, Sink, smtpSource } from './setting.js';

/** In MB. */
export interface MemoryFigures {
  readonly size: number;
  readonly smallerSize: number;
  /** After the small messages: now, and the most so far. */
  readonly before: number;
  readonly highestBefore: number;
  /** The most while a message of a tenth of the size passed: growth must not depend on it. */
  readonly duringSmaller: number;
  /** The most while the large message passed. */
  readonly during: number;
  readonly seconds: number;
  /** The same for another one of its kind. */
  readonly duringSecond: number;
  /** The same for one that is signed in the opaque form. */
  readonly duringOpaque: number;
  /** The same for so many at once. */
  readonly atOnce: number;
  readonly duringAtOnce: number;
}

export async function measureMemory(
  setting: Setting,
  { size, atOnce, warmUp }: { size: number; atOnce: number; warmUp: number },
): Promise<MemoryFigures> {
  const sink = await Sink.start();
  const { service, port } = await setting.serve('memory', sink.port);
  try {
    const file = setting.file('memory.eml', message('text', 10 * KB, signedSender));
    await smtpSource({ port, sender: signedSender, recipient, file, count: warmUp });
    const { now: before, highest: highestBefore } = residentMemory(service.pid);

    let sent = warmUp;
    const send = async (
      megabytes: number,
      sender = signedSender,
      copies = 1,
    ): Promise<{ during: number; seconds: number }> => {
      // From here on VmHWM begins again at what is resident now (proc(5)).
      writeFileSync(`/proc/${service.pid}/clear_refs`, '5');
      const begin = performance.now();
      const one = (): Promise<unknown> =>
        sendMail({ port, sender, recipients: [recipient], content: streamed(megabytes * MB, sender) });
      await Promise.all(Array.from({ length: copies }, one));
      sent += copies;
      const seconds = (performance.now() - begin) / 1000;
      return { during: residentMemory(service.pid).highest, seconds };
    };
    const smallerSize = size / 10;
    const smaller = await send(smallerSize);
    const first = await send(size);
    const second = await send(size);
    const opaque = await send(size, opaqueSender);
    const together = await send(size, signedSender, atOnce);
    const signed = service.lines(', signed ').filter(line => line.includes('reply="250 ')).length;
    if (signed !== sent) throw new Error(`memory: ${signed} of ${sent} messages signed`);
    return {
      size,
      smallerSize,
      before,
      highestBefore,
      duringSmaller: smaller.during,
      ...first,
      duringSecond: second.during,
      duringOpaque: opaque.during,
      atOnce,
      duringAtOnce: together.during,
    };
  } finally {
    await service.stop();
    await sink.stop();
  }
}
