// Where events are posted to. Whatever is wrong with an address, it is not shown: it may have a password in it.
import { isIPv4 } from 'node:net';
import type { Parser } from './parsers.js';

export const webhook: Parser<string> = text => {
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text))
    return { wrong: 'not an address: write one as in https://hooks.example.com/postseal' };
  const { protocol, hostname, username, password, href } = new URL(text);
  if (username !== '' || password !== '')
    return {
      wrong:
        'no user and password in the address: put the Authorization header into webhook_authorization_file',
    };
  if (protocol === 'http:' && !isThisMachine(hostname))
    return { wrong: 'events name people: write https:// (http:// only for this machine)' };
  return { value: href };
};

/** @param hostname as URL has it: addresses in their usual form, IPv6 in brackets */
function isThisMachine(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}
