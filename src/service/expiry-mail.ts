// The mail that tells the administrator of certificates that expire (RFC 5322). Values in, values out.
import { Address } from '../address.js';
import type { JournalSection } from '../config/config.js';
import type { Envelope } from '../envelope.js';
import { formatDate } from '../mime/date.js';
import { oneLine } from '../printable.js';
import { mend, shortList, whenExpires, type Warning } from './expiry.js';

/**
 * The null sender: a warning that cannot be delivered must not come back to a mailbox that need not exist, and nobody
 * is to answer it (RFC 3834 §2). Should the return port lead back to us by mistake, it passes unsigned as bounces do.
 */
export function envelopeFor({ warnTo }: Pick<JournalSection, 'warnTo'>): Envelope {
  return {
    sender: Address.null,
    parameters: [],
    recipients: warnTo.map(address => ({ address, parameters: [] })),
    forwarded: new Map(),
  };
}

export interface MailFacts extends Pick<JournalSection, 'warnTo' | 'warnFrom'> {
  readonly hostname: string;
  readonly now: Date;
  /** Makes its Message-ID its own. */
  readonly id: string;
}

/** @param warnings at least one */
export function expiryMail(
  warnings: readonly Warning[],
  { warnTo, warnFrom, hostname, now, id }: MailFacts,
): Buffer {
  const text = bodyOf(warnings, hostname);
  const ascii = /^[\n\x20-\x7e]*$/.test(text) && text.split('\n').every(line => line.length <= 998);
  const header = [
    `From: Postseal <${warnFrom.text}>`,
    `To: ${warnTo.map(to => `<${to.text}>`).join(',\r\n ')}`,
    `Subject: ${subjectOf(warnings, hostname)}`,
    `Date: ${formatDate(now)}`,
    `Message-ID: <postseal-expiry.${id}@${hostname}>`,
    'Auto-Submitted: auto-generated', // RFC 3834 §5
    'MIME-Version: 1.0',
    `Content-Type: text/plain; charset=${ascii ? 'us-ascii' : 'utf-8'}`,
    `Content-Transfer-Encoding: ${ascii ? '7bit' : 'base64'}`,
  ];
  const body = ascii ? text.replaceAll('\n', '\r\n') : base64(text.replaceAll('\n', '\r\n'));
  return Buffer.from(`${header.join('\r\n')}\r\n\r\n${body}`);
}

/** ASCII, as a file of a directory may be called anything. */
function subjectOf(warnings: readonly Warning[], hostname: string): string {
  const host = `Postseal on ${hostname}`;
  const [first] = [...warnings].sort((a, b) => a.certificate.daysLeft - b.certificate.daysLeft) as [Warning];
  const when = whenExpires(first.certificate);
  if (warnings.length > 1) return `${host}: ${warnings.length} certificates, the first ${when}`;
  const { name } = first.certificate;
  return `${host}: certificate ${/^[\x20-\x7e]{1,100}$/.test(name) ? `${name} ` : ''}${when}`;
}

function bodyOf(warnings: readonly Warning[], hostname: string): string {
  const paragraphs = warnings.map(({ certificate }) => {
    const { name, addresses, missedBy } = certificate;
    return [
      oneLine(`${name} ${whenExpires(certificate)}`),
      oneLine(`  addresses:  ${shortList(addresses)}`),
      oneLine(`  rules:      ${shortList(missedBy)}`),
      oneLine(`  to mend it: ${mend(certificate)}`),
    ].join('\n');
  });
  return `${[
    `On ${hostname} these certificates sign mail, and no others take their place:`,
    ...paragraphs,
    'With an expired certificate nothing is signed: such mail is deferred, or what "expired" in the rule says.\n' +
      'When to be warned, and whom to write to: warn_days and warn_to in [journal] of postseal.ini.',
  ].join('\n\n')}\n`;
}

/** In lines of 76 (RFC 2045 §6.8). */
function base64(text: string): string {
  return Buffer.from(text)
    .toString('base64')
    .replace(/.{1,76}/g, '$&\r\n');
}
