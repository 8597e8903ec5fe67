// Who listens somewhere: connects, reads the greeting, says EHLO and goes.
import { connect } from 'node:net';
import type { Endpoint } from '../config/config.js';
import { addressOf } from '../config/endpoint.js';
import { ReplyReader } from '../smtp/replies.js';
import type { Probe } from '../wiring/findings-running.js';

/** Milliseconds. */
const patience = 3000;

/** @param verb LHLO where LMTP is spoken. Never rejects. */
export function probe(endpoint: Endpoint, verb: 'EHLO' | 'LHLO'): Promise<Probe> {
  return new Promise(resolve => {
    const socket = connect(addressOf(endpoint));
    const reader = new ReplyReader();
    const replies: string[] = [];
    let fault: string | undefined;
    socket.setTimeout(patience, () => {
      fault = 'ETIMEDOUT';
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      fault = error.code ?? error.message;
    });
    socket.on('data', (chunk: Buffer) => {
      for (const reply of reader.write(chunk) ?? []) {
        replies.push(reply);
        if (replies.length === 1) socket.write(`${verb} localhost\r\n`);
        if (replies.length === 2) socket.end('QUIT\r\n');
      }
    });
    socket.on('close', () => {
      const [greeting, hello = ''] = replies;
      resolve(greeting === undefined ? { fault: fault ?? 'it hung up' } : { greeting, hello });
    });
  });
}
