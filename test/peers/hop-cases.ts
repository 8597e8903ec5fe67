// What mail goes through after it was signed; which messages no longer verify then, and why.
import type { Form } from '../../src/decision.js';
import { type HopPrograms, throughPython } from '../support/hop-programs.js';
import { changes } from '../support/hops.js';

/** What a hop makes unverifiable. */
export interface Spoiled {
  /** Names of samples, or every message that the hop changes at all. */
  readonly samples: 'changed' | readonly string[];
  readonly why: string;
}

export interface Hop {
  readonly title: string;
  /** What it does to one message, where no program is asked. */
  readonly change?: (message: Buffer) => Buffer;
  readonly pass: (messages: readonly Buffer[], programs: HopPrograms) => Promise<Buffer[]> | Buffer[];
  readonly spoils: Partial<Readonly<Record<Form, Spoiled>>>;
}

/** A hop of a real program. */
function real(title: string, pass: Hop['pass'], spoils: Hop['spoils'] = {}): Hop {
  return { title, pass, spoils };
}

/** A hop that does one thing to each message. */
function pure(title: string, change: (message: string) => string, spoils: Hop['spoils'] = {}): Hop {
  const onOctets = (message: Buffer): Buffer => Buffer.from(change(message.toString('latin1')), 'latin1');
  return { title, change: onOctets, pass: messages => messages.map(onOctets), spoils };
}

const rewritten: Spoiled = {
  samples: [
    'a signed message attached',
    'white space in part headers',
    'odd fields on top',
    'a label of 8-bit on a multipart without boundary',
  ],
  why: 'it writes empty fields, and the ends of multiparts inside a message or without boundary, in its own way',
};

const forwarded = 'nothing is changed inside a forwarded message that is 7-bit';

const different = 'what was signed is different now';

export const everyHop: readonly Hop[] = [
  real('Postfix to a next hop without 8BITMIME', (messages, programs) =>
    programs.withoutEightBitMime(messages),
  ),
  real('Postfix to a maildir, with LF, and CRLF again', (messages, programs) =>
    programs.throughMaildir(messages),
  ),
  real('Postfix to an mbox, where `>From ` is never undone', (messages, programs) =>
    programs.throughMbox(messages),
  ),
  real('Handed to the sendmail command, with LF', (messages, programs) => programs.throughSendmail(messages)),
  real('BDAT in chunks of 333 octets to Postfix', (messages, programs) => programs.inChunks(messages)),
  real(
    'Parsed and written by a mailing list (Python email, policy compat32, as in Mailman), prefix in the subject',
    messages => throughPython(messages, 'compat32'),
    { clear: rewritten },
  ),
  real(
    'The same by a newer program (Python email, policy SMTP)',
    messages => throughPython(messages, 'SMTP'),
    { clear: rewritten },
  ),
  pure('`>From ` made `From `, as by readers of an mbox', changes.mboxQuotesUndone, {
    clear: { samples: ['a forwarded message with long and quoted lines'], why: forwarded },
  }),
  pure('White space at the end of lines removed', changes.trailingSpace, {
    clear: { samples: ['a forwarded message with trailing white space'], why: forwarded },
  }),
  pure('Lines over 998 octets broken (Postfix)', changes.brokenAt998),
  pure('Lines over 990 octets broken (Sendmail)', changes.brokenAt990, {
    clear: { samples: ['a forwarded message with long and quoted lines'], why: forwarded },
  }),
  pure('Base64 rewrapped at 76 columns', changes.base64At76),
  pure('Eighth bits and NUL removed', changes.sevenBits),
  pure('Trace fields added on top', changes.traceFields),
  pure('Content-Transfer-Encoding added on top', changes.transferEncoding),
  pure('Top header folded at 78 columns, with spaces', changes.refoldedWithSpace),
  pure('Top header folded at 78 columns, with tabs', changes.refoldedWithTab),
  pure('Tabs in the top header made spaces (Exchange)', changes.tabsInHeader),
  pure('Top header unfolded', changes.unfolded),
  pure('Field names on top in lower case', changes.lowerCaseNames),
  pure('Field names on top in upper case', changes.upperCaseNames),
  pure('Parameters of the top Content-Type quoted and reversed', changes.parameters),
  pure('Outer boundary replaced', changes.boundary),
  pure('Preamble replaced', changes.preamble),
  pure('Preamble removed', changes.noPreamble),
  pure('Empty lines removed from the end', changes.endTrimmed),
  pure('Empty lines added at the end', changes.endExtended),
  pure('Text added at the end', changes.footerAtEnd, {
    opaque: { samples: 'changed', why: 'text after base64 makes it unreadable to OpenSSL' },
  }),
  pure('Footer added as a part (Mailman)', changes.footerAsPart, {
    clear: { samples: 'changed', why: 'the message is no longer a signed one; a part of it is' },
    opaque: { samples: 'changed', why: 'the message is no longer a signed one; a part of it is' },
  }),
  pure('Warning added to the first plain text', changes.banner, {
    clear: { samples: 'changed', why: different },
  }),
  pure('Quoted-printable made base64', changes.encodedAnew, {
    clear: { samples: 'changed', why: `${different}, octet for octet` },
  }),
];
