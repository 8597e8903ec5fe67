// Where events are posted to. Whatever is wrong with an address, it is not shown: it may have a password in it.
import { isLoopbackHost } from './endpoint.js';
import { withForm, type Parser } from './parsers.js';

export const webhook: Parser<string> = withForm('URL', text => {
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text))
    return { wrong: 'not an address: write one as in https://hooks.example.com/postseal' };
  const { protocol, hostname, username, password, href } = new URL(text);
  if (username !== '' || password !== '')
    return {
      wrong:
        'no user and password in the address: put the Authorization header into webhook_authorization_file',
    };
  if (protocol === 'http:' && !isLoopbackHost(hostname.replace(/^\[|\]$/g, '')))
    return { wrong: 'events name people: write https:// (http:// only for this machine)' };
  return { value: href };
});
