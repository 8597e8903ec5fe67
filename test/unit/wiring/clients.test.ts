// Whether the return port lets Postseal in, by where both are, and what the doctor makes of a return port off loopback.
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../../src/config/endpoint.js';
import { readConfig } from '../../../src/config/read.js';
import { letsIn, networksOf } from '../../../src/wiring/clients.js';
import { mendInWords } from '../../../src/wiring/finding.js';
import { findingsOfReturn } from '../../../src/wiring/findings-return.js';
import { PostfixSettings } from '../../../src/wiring/settings.js';
import { Wiring } from '../../../src/wiring/wiring.js';

function endpoint(text: string) {
  const parsed = parseEndpoint(text);
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return parsed.value;
}

test.each([
  ['127.0.0.1:10026', '127.0.0.0/8'],
  ['127.0.0.2:10026', '127.0.0.0/8'],
  ['unix:/var/spool/postfix/public/back', '127.0.0.0/8'],
  ['[::1]:10026', '[::1]/128'],
  ['localhost:10026', '127.0.0.0/8,[::1]/128'],
  ['192.0.2.2:10026', '192.0.2.2/32'],
  ['[2001:db8::2]:10026', '[2001:db8::2]/128'],
])('for a return port at %s %s is let in', (place, want) => {
  expect(networksOf(endpoint(place))).toBe(want);
  expect(letsIn(want, endpoint(place))).toBe(true);
});

test.each([
  ['127.0.0.0/8', '[::1]:10026', false],
  ['[::1]/128', '127.0.0.1:10026', false],
  ['127.0.0.0/8', 'localhost:10026', false],
  ['127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128', '[::1]:10026', true],
  ['127.0.0.0/8', '192.0.2.2:10026', false],
  ['192.0.2.0/24', '192.0.2.2:10026', true],
  ['192.0.2.2', '192.0.2.2:10026', true],
  ['!192.0.2.2, 192.0.2.0/24', '192.0.2.2:10026', false],
  ['192.0.2.2, !192.0.2.0/24', '192.0.2.2:10026', true],
  ['static:all', '[::1]:10026', true],
  ['', '127.0.0.1:10026', false],
])('%s and a return port at %s: %s', (networks, place, want) => {
  expect(letsIn(networks, endpoint(place))).toBe(want);
});

describe('a return port on the address of this host', () => {
  const services =
    '192.0.2.2:10026 inet n - n - 50 smtpd -o mynetworks=192.0.2.2/32 -o smtpd_recipient_restrictions=permit_mynetworks,reject';
  const options = [...services.matchAll(/-o (\S+)=(\S+)/g)]
    .map(([, name, value]) => `192.0.2.2:10026/inet/${name!} = ${value!}\n`)
    .join('');
  const ini = '[service]\nreturn = 192.0.2.2:10026\n';
  const findings = findingsOfReturn(
    new Wiring({
      settings: new PostfixSettings({ parameters: '', explicit: '', services, written: options, options }),
      section: readConfig('/etc/postseal/postseal.ini', ini).config!.service,
      signsForPersons: false,
      tables: new Map(),
      returnsHere: true,
    }),
  );

  test('lets Postseal in', () => {
    expect(findings.filter(({ text }) => text.startsWith('mynetworks'))).toEqual([]);
  });

  test('goes to loopback together with the ini file', () => {
    const [finding] = findings.filter(({ text }) => text.startsWith('listens on more than'));
    expect(finding!.mend.map(mend => mendInWords(mend))).toEqual([
      `postconf -M '127.0.0.1:10026/inet=${services.replace('192.0.2.2', '127.0.0.1')}'`,
      "postconf -P '127.0.0.1:10026/inet/smtpd_authorized_xforward_hosts=127.0.0.0/8'",
      "postconf -P '127.0.0.1:10026/inet/mynetworks=127.0.0.0/8'",
      'in the ini file: return = 127.0.0.1:10026',
      'postconf -MX 192.0.2.2:10026/inet',
    ]);
  });
});
