// From where Postseal comes to the return port, in the words of mynetworks.
import type { Endpoint } from '../config/config.js';
import { isLoopbackHost } from '../config/endpoint.js';
import { Networks, parseNetwork } from '../config/networks.js';
import { listed } from './settings.js';

/** A host connects to an address of its own from that address; of 127.0.0.0/8 from 127.0.0.1. */
function addressesOf(endpoint: Endpoint): string[] {
  // The client of a UNIX socket is 127.0.0.1 for smtpd.
  if (endpoint.kind === 'unix') return ['127.0.0.1'];
  const { host } = endpoint;
  if (host.toLowerCase() === 'localhost') return ['127.0.0.1', '::1'];
  return isLoopbackHost(host) && !host.includes(':') ? ['127.0.0.1'] : [host];
}

/** All that has to be let in. */
export function networksOf(endpoint: Endpoint): string {
  return addressesOf(endpoint)
    .map(address => (address === '127.0.0.1' ? '127.0.0.0/8' : networkOf(address)))
    .join(',');
}

function networkOf(address: string): string {
  return address.includes(':') ? `[${address}]/128` : `${address}/32`;
}

/** Whether a list of networks lets Postseal in. */
export function letsIn(value: string, endpoint: Endpoint): boolean {
  return addressesOf(endpoint).every(address => holds(listed(value), address));
}

/** The first word that matches decides. Of tables, files and names we do not know: they may. */
function holds(words: readonly string[], address: string): boolean {
  for (const word of words) {
    const negated = word.startsWith('!');
    const network = parseNetwork(word.replace('!', ''));
    if ('value' in network ? new Networks([network.value]).includes(address) : !negated) return !negated;
  }
  return false;
}

/** Whether a list of networks has this host alone. */
export function onlyThisHost(value: string, endpoint: Endpoint): boolean {
  const own = addressesOf(endpoint).flatMap(address => [address, networkOf(address)]);
  return listed(value).every(word => own.includes(word) || /^(?:127\.|\[::1\]|\[::ffff:127\.)/.test(word));
}
