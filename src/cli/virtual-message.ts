// The message that `postseal test` makes, with what signing has to mend, and a sender for it that a rule takes.
import { Address } from '../address.js';
import { formatDate } from '../mime/date.js';
import { safeLine } from '../mime/octets.js';
import { findPattern, listPatterns } from '../rules/pattern.js';
import type { Rule } from '../rules/policy.js';

/**
 * An address that this rule would get the mail of, or why there is none: one that its patterns spell out, one of its
 * certificates, or one made of a wildcard.
 * @param named the addresses of its certificates
 */
export function senderFor(
  { senders }: Rule,
  earlier: readonly Rule[],
  named: readonly Address[],
): { readonly sender: Address } | { readonly why: string } {
  const sources = senders.map(p => p.source).filter(source => !source.startsWith('/'));
  const isWildcard = (source: string): boolean => /[*?]/.test(source);
  const candidates = [
    ...sources.filter(source => !isWildcard(source)).map(source => Address.parse(source)),
    ...named.filter(a => a.domain !== '' && findPattern(senders, a.canonical)),
    ...sources.filter(isWildcard).map(source => Address.parse(filled(source))),
  ];
  let why: string | undefined;
  for (const sender of candidates) {
    if (!sender) continue;
    const taker = earlier.find(rule => findPattern(rule.senders, sender.canonical));
    if (!taker) return { sender };
    why ??= `rule ${taker.name} takes ${sender.canonical} first; name another sender with --sender`;
  }
  return {
    why: why ?? `no sender can be guessed from ${listPatterns(senders)}; name one with --sender`,
  };
}

/** `*@example.com` → `test@example.com` */
function filled(wildcard: string): string {
  const text = wildcard.replaceAll('*', 'test').replaceAll('?', 'x');
  return text.includes('@') ? text : `${text}@example.com`; // a lone * takes every address
}

export interface VirtualMessage {
  /** The rule that it is made for, if it is for one. */
  readonly rule: Rule | undefined;
  /** In the envelope and in From: whichever of the two the rule matches. */
  readonly sender: Address;
  readonly recipient: Address;
}

/** The MAIL parameters that are true of it. */
export function parametersOf({ sender, recipient }: VirtualMessage): string[] {
  const ascii = /^[\0-\x7f]*$/.test(sender.text + recipient.text);
  return ['BODY=8BITMIME', ...(ascii ? [] : ['SMTPUTF8'])];
}

/**
 * @param id makes its Message-ID and its boundary its own
 * @param requestHeader the field that asks for a signature, where the rule wants to be asked
 */
export function contentOf(
  { rule, sender, recipient }: VirtualMessage,
  {
    now,
    id,
    hostname,
    requestHeader,
  }: { now: Date; id: string; hostname: string; requestHeader: string | undefined },
): Buffer {
  const boundary = `postseal-test-${id}`;
  const header = [
    `From: Postseal test <${sender.text}>`,
    `To: <${recipient.text}>`,
    `Subject: Postseal test${rule ? ` of rule ${rule.name}` : ''}`,
    `Date: ${formatDate(now)}`,
    `Message-ID: <postseal-test.${id}@${hostname}>`,
    ...(rule?.sign === 'on-request' && requestHeader !== undefined ? [`${requestHeader}: true`] : []),
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
  ];
  const text = [
    'This is a test of Postseal, made by "postseal test". Nobody needs to answer it.',
    '',
    'What relays and mailboxes like to change, and a signature must outlast:',
    '8-bit text: Grüße, déjà vu, 電子メール',
    'a line with white space at its end:   ',
    'From here on, mailboxes would quote this line.',
    '.a line with a dot in front of it',
    `${'a line longer than some relays take '.repeat(40).slice(0, safeLine + 5)}.`,
  ];
  const lines = [
    ...header,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...text,
    '',
    `--${boundary}`,
    'Content-Type: application/octet-stream',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="test.bin"',
    '',
    'UG9zdHNlYWwA/w==',
    `--${boundary}--`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}
