// Where services listen and where a filter sends mail: Postfix's way of writing it → endpoints.
import type { Endpoint } from '../config/config.js';
import { isLoopbackHost, parseEndpoint } from '../config/endpoint.js';
import { listed, type PostfixService, type PostfixSettings } from './settings.js';

/** The names in /etc/services of the ports that hand mail in. */
const ports: Readonly<Record<string, number>> = { smtp: 25, submission: 587, submissions: 465, smtps: 465 };

/** `127.0.0.1:10026` → host and port; `submission` → the port alone. */
export function inetPlace({ name }: PostfixService): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(?:(.*):)?([^:]*)$/.exec(name)!;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: ports[port] ?? Number(port) };
}

/** Whether mail sent to `endpoint`, a place of this host, is taken by this service. */
export function serves(service: PostfixService, endpoint: Endpoint, settings: PostfixSettings): boolean {
  if (endpoint.kind === 'unix') {
    return service.type === 'unix' && socketOf(service, settings) === endpoint.path;
  }
  if (service.type !== 'inet') return false;
  const { host, port } = inetPlace(service);
  if (port !== endpoint.port) return false;
  return host === '' || sameHost(host, endpoint.host) || host === '0.0.0.0' || host === '::';
}

/** The path of a service's UNIX socket. */
export function socketOf({ name, private: isPrivate }: PostfixService, settings: PostfixSettings): string {
  return `${settings.main('queue_directory')}/${isPrivate ? 'private' : 'public'}/${name}`;
}

/** Whether a service listens where no other host gets at it. */
export function isLocal(service: PostfixService, settings: PostfixSettings): boolean {
  if (service.type !== 'inet') return true;
  const { host } = inetPlace(service);
  const hosts = host === '' ? listed(settings.main('inet_interfaces')) : [host];
  return hosts.every(name => name === 'loopback-only' || isLoopbackHost(name.replace(/^\[(.*)\]$/, '$1')));
}

export function sameHost(a: string, b: string): boolean {
  const plain = (host: string): string => (host.toLowerCase() === 'localhost' ? '127.0.0.1' : host);
  return plain(a) === plain(b);
}

/** What `content_filter` and FILTER say: `postseal:[127.0.0.1]:10025`, `postseal:unix:/run/postseal/in.sock`. */
export interface Destination {
  readonly text: string;
  readonly transport: string;
  /** Whether Postfix asks no name server for mail exchangers: brackets, or a socket. */
  readonly exact: boolean;
  readonly endpoint: Endpoint | undefined;
}

export function parseDestination(text: string): Destination {
  const [, transport, nexthop] = /^([^:]*):?(.*)$/s.exec(text)!;
  // lmtp(8): inet:host:port
  const place = nexthop!.replace(/^inet:/, '');
  const [, host, port] = /^\[([^\]]+)\](?::(.*))?$/.exec(place) ?? [];
  const plain =
    host === undefined ? place : `${host.includes(':') ? `[${bare(host)}]` : host}:${port ?? '25'}`;
  const parsed = parseEndpoint(plain);
  return {
    text,
    transport: transport!,
    exact: host !== undefined || place.startsWith('unix:'),
    endpoint: 'value' in parsed ? parsed.value : undefined,
  };
}

/** `[ipv6:::1]` is another way of writing it. */
function bare(host: string): string {
  return host.replace(/^ipv6:/i, '');
}

/** As `content_filter` has to say it. */
export function destinationTo(transport: string, endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `${transport}:unix:${endpoint.path}`;
  const host = endpoint.host === '0.0.0.0' ? '127.0.0.1' : endpoint.host === '::' ? '::1' : endpoint.host;
  return `${transport}:[${host}]:${endpoint.port}`;
}
