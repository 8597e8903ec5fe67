// Endpoints: `127.0.0.1:10025`, `[::1]:10025`, `mail.example.com:10026`, `unix:/run/postseal/in.sock`.
import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoint } from './config.js';
import type { Parsed } from './value.js';
import { inQuotes } from '../printable.js';

const forms = 'write host:port, [IPv6]:port or unix:/path';

export function parseEndpoint(text: string): Parsed<Endpoint> {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (!path.startsWith('/')) return { wrong: `the path of the socket must begin with /: ${forms}` };
    // sun_path of sockaddr_un holds 108 bytes with the closing NUL, unix(7).
    if (Buffer.byteLength(path) > 107) return { wrong: 'the path of the socket is longer than 107 bytes' };
    return { value: { kind: 'unix', path } };
  }
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text);
  if (!match) {
    const bareIpv6 = isIPv6(text) || isIPv6(text.replace(/:\d+$/, ''));
    return {
      wrong: `${inQuotes(text)} is not an endpoint${bareIpv6 ? ' (IPv6 needs brackets)' : ''}: ${forms}`,
    };
  }
  const [, v6, name] = match;
  const port = Number(match[3]);
  if (port < 1 || port > 65535) return { wrong: `port ${match[3]!} is not in 1 to 65535` };
  const host = v6 ?? name!;
  const isHost = v6 === undefined ? isIPv4(host) || isHostname(host) : isIPv6(v6);
  return isHost
    ? { value: { kind: 'tcp', host, port } }
    : { wrong: `${inQuotes(host)} is not a host: ${forms}` };
}

/** For net.connect and net.Server. */
export function addressOf(endpoint: Endpoint): { host: string; port: number } | { path: string } {
  return endpoint.kind === 'unix' ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
}

/** Letters, digits, hyphens and dots (RFC 1123 §2.1); all-numeric names would be broken addresses. */
export function isHostname(text: string): boolean {
  const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
  return text.length <= 253 && !/^[\d.]+$/.test(text) && text.split('.').every(part => label.test(part));
}

/** Whether only this host can get there; goes by the text, and asks no name server. */
export function isLoopback(endpoint: Endpoint): boolean {
  return endpoint.kind === 'unix' || isLoopbackHost(endpoint.host);
}

/** @param name a name or an address, IPv6 without brackets */
export function isLoopbackHost(name: string): boolean {
  const host = hostOf(name);
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Whether mail sent to `to` comes back to `listen`; goes by the text, and asks no name server. */
export function isSameEndpoint(listen: Endpoint, to: Endpoint): boolean {
  if (listen.kind === 'unix' || to.kind === 'unix') {
    return listen.kind === 'unix' && to.kind === 'unix' && listen.path === to.path;
  }
  if (listen.port !== to.port) return false;
  const [here, there] = [hostOf(listen.host), hostOf(to.host)];
  const onEveryAddress = here === '0.0.0.0' || here === '::';
  return here === there || (onEveryAddress && (there === '::1' || there.startsWith('127.')));
}

function hostOf(host: string): string {
  return host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.toLowerCase();
}
