// The mail that warns of certificates that expire.
import { expect, test } from 'vitest';
import { certificateStates } from '../../../src/service/certificate-states.js';
import { envelopeFor, expiryMail } from '../../../src/service/expiry-mail.js';
import { dueWarnings } from '../../../src/service/expiry.js';
import { address } from '../../support/golden-filter.js';
import { installationOf } from './installations.js';

const now = new Date('2026-11-27T10:00:00Z');
const facts = {
  ...{ hostname: 'mail.example.com', now, id: '0123456789abcdef' },
  warnTo: [address('postmaster@example.com'), address('anna@example.com')],
  warnFrom: address('postseal@mail.example.com'),
};

function mail(certificates: Record<string, string>, ...rules: string[]): string {
  const states = certificateStates(installationOf(certificates, rules), now);
  return expiryMail(dueWarnings(states, [30, 14, 7, 1], new Map()), facts).toString('latin1');
}

test('is plain ASCII, says what it is, and asks for no answer', () => {
  const certificates = {
    billing: 'billing@example.com 2026-01-01 2026-12-11',
    sales: 'sales@example.com,shop@example.com 2025-01-01 2026-11-20',
  };
  const text = mail(certificates, 'invoices: certificate = billing', 'reminders: certificate = sales');
  expect(text).toBe(
    `From: Postseal <postseal@mail.example.com>
To: <postmaster@example.com>,
 <anna@example.com>
Subject: Postseal on mail.example.com: 2 certificates, the first expired on 2026-11-20
Date: Fri, 27 Nov 2026 10:00:00 +0000
Message-ID: <postseal-expiry.0123456789abcdef@mail.example.com>
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: 7bit

On mail.example.com these certificates sign mail, and no others take their place:

billing expires on 2026-12-11, in 13 days
  addresses:  billing@example.com
  rules:      invoices
  to mend it: postseal cert replace billing FILE

sales expired on 2026-11-20
  addresses:  sales@example.com, shop@example.com
  rules:      reminders
  to mend it: postseal cert replace sales FILE

With an expired certificate nothing is signed: such mail is deferred, or what "expired" in the rule says.
When to be warned, and whom to write to: warn_days and warn_to in [journal] of postseal.ini.
`.replaceAll('\n', '\r\n'),
  );
});

test('about a file whose name is not ASCII is UTF-8 in base64, and its header is ASCII all the same', () => {
  const text = mail({ 'd/jörg\n.pem': 'j@example.com 2026-01-01 2026-12-11' }, 'r: certificates = d');
  const [header, body] = text.split('\r\n\r\n') as [string, string];
  expect(header).toMatch(/^[\r\n\x20-\x7e]+$/);
  expect(header).toContain(
    'Subject: Postseal on mail.example.com: certificate expires on 2026-12-11, in 13 days\r\n',
  );
  expect(header).toContain('charset=utf-8\r\nContent-Transfer-Encoding: base64');
  expect(Math.max(...body.split('\r\n').map(line => line.length))).toBe(76);
  expect(Buffer.from(body, 'base64').toString()).toContain(
    '\r\nd/jörg .pem expires on 2026-12-11, in 13 days\r\n',
  );
});

test('about one names it in its subject', () => {
  const text = mail({ billing: 'b@example.com 2026-01-01 2026-11-28' }, 'r: certificate = billing');
  expect(text).toContain(
    '\nSubject: Postseal on mail.example.com: certificate billing expires on 2026-11-28, in less than a day\r\n',
  );
});

test('goes to all at once, from the null sender', () => {
  const { sender, recipients, parameters, forwarded } = envelopeFor(facts);
  expect(sender.text).toBe('');
  expect(recipients.map(r => r.address.text)).toEqual(['postmaster@example.com', 'anna@example.com']);
  expect([...parameters, ...forwarded]).toEqual([]);
});
