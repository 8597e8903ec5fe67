// The service that takes mail in, with nothing behind it unless a test says so.
import { everything } from '../../src/smtp/capabilities.js';
import { Inbound } from '../../src/smtp/inbound.js';
import type { InboundOptions } from '../../src/smtp/inbound-options.js';

/** It listens on a free port of 127.0.0.1, and delivers nothing. */
export async function listening(options: Partial<InboundOptions> = {}): Promise<Inbound> {
  const inbound = new Inbound({
    protocol: 'smtp',
    hostname: 'postseal.example.com',
    maxConnections: 10,
    maxMessageSize: 0,
    timeout: 5000,
    shutdownTimeout: 1000,
    admits: () => true,
    capabilities: () => Promise.resolve(everything),
    deliver: () => Promise.reject(new Error('nothing is delivered here')),
    takeRefusal: () => undefined,
    onRefusal: () => undefined,
    onError: () => undefined,
    ...options,
  });
  await inbound.listen({ host: '127.0.0.1', port: 0 });
  return inbound;
}
