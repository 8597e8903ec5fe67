// Messages and envelopes that a hop can damage, as a client hands them to Postfix.

export interface TransparentCase {
  readonly title: string;
  /** Behind `MAIL FROM:`. */
  readonly mail: string;
  /** Behind `RCPT TO:`, each. */
  readonly recipients: readonly string[];
  /** On the wire, dots doubled, without the final dot. Octets as characters. */
  readonly content: string;
}

const header = 'From: carl@example.org\r\nTo: bob@example.net\r\nSubject: x\r\n';
const usual = { mail: '<carl@example.org>', recipients: ['<bob@example.net>'] };

/** A body below the usual header, in the usual envelope. */
function body(title: string, lines: string): TransparentCase {
  return { ...usual, title, content: `${header}\r\n${lines}` };
}

/** An envelope around a usual message. */
function envelope(title: string, mail: string, ...recipients: string[]): TransparentCase {
  return { title, mail, recipients, content: `${header}\r\nHello\r\n` };
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

export const transparentCases: readonly TransparentCase[] = [
  envelope(
    'DSN, of each recipient its own',
    '<carl@example.org> RET=HDRS ENVID=QQ+3D314159+2B+20',
    '<bob@example.net> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;Bob+2Btag@Example.net',
    '<dora@example.net> NOTIFY=NEVER',
    '<emil@example.net> NOTIFY=FAILURE',
    '<fay@example.net> ORCPT=rfc822;somebody.else@example.org',
    '<gus@example.net> NOTIFY=SUCCESS ORCPT=x-fax;+2B49+2089+2042',
    '<hal@example.net>',
  ),
  envelope('DSN with RET=FULL alone', '<carl@example.org> RET=FULL', '<bob@example.net>'),
  envelope('DSN with ENVID alone', '<carl@example.org> ENVID=1', '<bob@example.net> NOTIFY=DELAY'),
  envelope('the null sender', '<>', '<bob@example.net>'),
  envelope('the null sender with DSN', '<> RET=HDRS', '<bob@example.net> NOTIFY=NEVER'),
  envelope(
    'quoted local parts',
    '<"carl of all"@example.org>',
    '<"a b"@example.net>',
    '<"a@b"@example.net>',
    '<"a>b"@example.net>',
    '<"a\\"b\\\\c"@example.net>',
    '<"a,b;c:d"@example.net>',
    '<"needless"@example.net>',
  ),
  envelope(
    'odd local parts and domains',
    '<carl+tag=x@EXAMPLE.org>',
    '<user.@example.net>',
    '<a..b@example.net>',
    "<a+tag=x/y!#$&'*^`{|}~@example.net>",
    '<a@under_score.example.net>',
    '<Bob@EXAMPLE.net>',
    '<a%b@example.net>',
    '<@relay.example,@other.example:a@example.net>',
    '<bob@[192.0.2.1]>',
  ),
  envelope('IDN as A-labels', '<carl@xn--bcher-kva.example>', '<bob@xn--mnchen-3ya.example>'),
  envelope(
    'IDN and local parts in UTF-8',
    utf8('<jürgen@bücher.example> SMTPUTF8 BODY=8BITMIME'),
    utf8('<dörte@münchen.example> NOTIFY=SUCCESS ORCPT=utf-8;d\\x{F6}rte@m\\x{FC}nchen.example'),
    '<bob@example.net>',
  ),
  {
    title: 'SMTPUTF8 for the header alone',
    mail: '<carl@example.org> SMTPUTF8',
    recipients: ['<bob@example.net>'],
    content: utf8('From: Jürgen <jürgen@bücher.example>\r\nSubject: Grüße\r\n\r\nHello\r\n'),
  },
  envelope(
    'duplicate recipients',
    '<carl@example.org>',
    '<bob@example.net>',
    '<dora@example.net>',
    '<bob@example.net>',
    '<Bob@example.net>',
    '<bob@example.net> NOTIFY=NEVER',
  ),
  envelope(
    '1,000 recipients',
    '<carl@example.org> ENVID=thousand',
    ...Array.from(
      { length: 1000 },
      (_, i) => `<r${i}@example.net> NOTIFY=FAILURE ORCPT=rfc822;o${i}@example.net`,
    ),
  ),
  {
    ...body('8-bit text', utf8('Grüße aus Köln\r\n')),
    mail: '<carl@example.org> BODY=8BITMIME',
  },
  { ...body('BODY=7BIT', 'Greetings\r\n'), mail: '<carl@example.org> BODY=7BIT' },
  body('8-bit text that nobody announced', utf8('Grüße aus Köln\r\n')),
  body('octets that are no text', '\x80\xff\xfe\x1b\x01\x7f\x00 NUL\r\n\x00\r\n'),
  body('dots at the beginning of lines', '..\r\n...\r\n..a\r\n.. \r\na.\r\n..\r\n'),
  body('lines over 998 octets', `${'x'.repeat(999)}\r\n${'y'.repeat(2048)}\r\n${'z'.repeat(70_000)}\r\n`),
  body('a long line of words', `${'word '.repeat(1000)}\r\n`),
  body('bare CR', 'one\rtwo\r\r\nthree\r\n\rfour\r\n'),
  body('bare LF', 'one\ntwo\n\nthree\r\n'),
  body('white space at the end of lines, and lines of it', 'one \r\ntwo\t\r\n \r\n\t\r\n\r\n\r\n'),
  body('From at the beginning of a line', 'From here\r\n>From there\r\n'),
  { ...usual, title: 'an empty message', content: '' },
  { ...usual, title: 'an empty line', content: '\r\n' },
  { ...usual, title: 'a header alone', content: header },
  { ...usual, title: 'a body alone', content: 'no field at all\r\nand no empty line\r\n' },
  {
    ...usual,
    title: 'a header that no standard knows',
    content: utf8(
      'from : carl@example.org\r\nSUBJECT:Grüße\r\n\tfolded\r\n  twice \r\nSubject: again\r\nX-Empty:\r\nX-Long: ' +
        `${'x'.repeat(1200)}\r\nReceived: from nowhere\r\nno field\r\n\r\nHello\r\n`,
    ),
  },
  {
    ...usual,
    title: 'a message with parts',
    content: `${header}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${utf8('Grüße')}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\n${utf8('Köln')}\r\n--b--\r\nepilogue\r\n`,
  },
  body('a megabyte', `${'0123456789abcdef'.repeat(4)}\r\n`.repeat(16_000)),
];
