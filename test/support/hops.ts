// What happens to mail on its way and where it is kept, each as a function from message to message: one
// character an octet, line ends CRLF. They know MIME no better than the programs that do such things.

/** Header fields with their folded lines. */
const field = /^[^\s:]+[ \t]*:.*\r\n(?:[ \t].*\r\n)*/gm;
const boundaryParameter = /\bboundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i;

type Change = (message: string) => string;

/** The top header with the CRLF of its last line, and the body behind the empty line. */
function split(message: string): { header: string; body: string } {
  const end = message.indexOf('\r\n\r\n') + 2;
  return { header: message.slice(0, end), body: message.slice(end + 2) };
}

/** Changes each field of the top header. */
function eachField(change: Change): Change {
  return message => {
    const { header, body } = split(message);
    return `${header.replace(field, change)}\r\n${body}`;
  };
}

/** Changes the body. @param change is given the boundary of a multipart as well */
function theBody(change: (body: string, boundary: string | undefined) => string): Change {
  return message => {
    const { header, body } = split(message);
    return `${header}\r\n${change(body, outerBoundary(header))}`;
  };
}

function eachLine(change: Change): Change {
  return message => message.split('\r\n').map(change).join('\r\n');
}

function outerBoundary(header: string): string | undefined {
  const match = boundaryParameter.exec(header);
  return match?.[1] ?? match?.[2];
}

/** Changes all that stands before the first delimiter of a multipart. */
function thePreamble(preamble: string): Change {
  return theBody((body, boundary) =>
    boundary === undefined ? body : preamble + body.slice(body.indexOf(`--${boundary}`)),
  );
}

/** Changes each part that is encoded so: the rest of its header from that field on, and its body. */
function eachEncoded(encoding: string, change: (header: string, body: string) => string): Change {
  return message => {
    const boundaries = [...message.matchAll(new RegExp(boundaryParameter, 'gi'))]
      .map(match => (match[1] ?? match[2]!).replace(/\W/g, '\\$&'))
      .join('|');
    const part = `^(Content-Transfer-Encoding: ${encoding}\\b[^]*?\\r\\n\\r\\n)([^]*?)`;
    const end = boundaries === '' ? '(?![^])' : `(?=\\r\\n--(?:${boundaries})|(?![^]))`;
    return message.replace(new RegExp(part + end, 'gim'), (_, header: string, body: string) =>
      change(header, body),
    );
  };
}

/** Base64 in lines of 76; empty lines behind it stay. */
function base64Lines(body: string): string {
  const tail = /(?:\r\n)*$/.exec(body)![0];
  return body.replace(/\s+/g, '').replace(/.{76}(?=.)/g, '$&\r\n') + tail;
}

function fromQuotedPrintable(body: string): string {
  return body
    .replace(/=[ \t]*\r\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Breaks lines that are longer, with a mark at the end of each piece, and a space before the next. */
function broken(width: number, mark = ''): Change {
  const piece = new RegExp(`.{${width - mark.length}}(?=.)`, 'gs');
  return eachLine(line => (line.length > width ? line.replace(piece, `$&${mark}\r\n `) : line));
}

/** Folds the fields of the top header at white space, to lines of 78 where that can be (RFC 5322 §2.1.1). */
function refolded(indent: string): Change {
  return eachField(text => {
    const [name, ...words] = text.trimEnd().split(/(?:\r\n)?[ \t]+/) as [string, ...string[]];
    const lines = [[name, ...words.splice(0, 1)].join(' ')];
    for (const word of words) {
      const last = lines.pop()!;
      if (last.length + 1 + word.length <= 78) lines.push(`${last} ${word}`);
      else lines.push(last, indent + word);
    }
    return `${lines.join('\r\n')}\r\n`;
  });
}

const footer = '_______________________________________________\r\nKim mailing list\r\n';

const trace = `Return-Path: <anna@example.com>\r
Delivered-To: kim@example.net\r
Received: from a.example (a.example [192.0.2.1])\r
\tby b.example; Mon, 23 Nov 2026 10:00:00 +0000\r
Authentication-Results: b.example; dkim=pass header.d=example.com\r
X-Spam-Flag: NO\r
`;

export const changes = {
  /** What readers of an mbox do, be it that its writer did the opposite or not (RFC 4155, appendix A). */
  mboxQuotesUndone: eachLine(line => line.replace(/^>From /, 'From ')),
  trailingSpace: eachLine(line => line.replace(/[ \t]+$/, '')),
  /** Postfix's smtp_line_length_limit. */
  brokenAt998: broken(998),
  /** Sendmail's SMTP_MAILER_LL. */
  brokenAt990: broken(990, '!'),
  base64At76: eachEncoded('base64', (header, body) => header + base64Lines(body)),
  sevenBits: message =>
    message.replaceAll('\0', '').replace(/[\x80-\xff]/g, c => String.fromCharCode(c.charCodeAt(0) & 0x7f)),

  traceFields: message => trace + message,
  transferEncoding: message => {
    const { header, body } = split(message);
    const own = /^content-transfer-encoding:/im.test(header) ? '' : 'Content-Transfer-Encoding: 7bit\r\n';
    return `${header}${own}\r\n${body}`;
  },
  refoldedWithSpace: refolded(' '),
  refoldedWithTab: refolded('\t'),
  tabsInHeader: eachField(text => text.replaceAll('\r\n\t', '\r\n ')),
  unfolded: eachField(text => `${text.trimEnd().replace(/\r\n[ \t]+/g, ' ')}\r\n`),
  lowerCaseNames: eachField(text => text.replace(/^[^:]+/, name => name.toLowerCase())),
  upperCaseNames: eachField(text => text.replace(/^[^:]+/, name => name.toUpperCase())),
  parameters: eachField(text => {
    if (!/^content-type:/i.test(text)) return text;
    const [type, ...parameters] = text.trimEnd().split(/;\s*/);
    const quoted = parameters.map(parameter => parameter.replace(/=([^"]*)$/, '="$1"'));
    return `${[type, ...quoted.reverse()].join(';\r\n\t')}\r\n`;
  }),

  boundary: message => {
    const { header, body } = split(message);
    const old = outerBoundary(header);
    if (old === undefined) return message;
    const fresh = '----=_Part_000_0001_0123456789';
    return `${header.replace(old, fresh)}\r\n${body.replaceAll(`--${old}`, `--${fresh}`)}`;
  },
  preamble: thePreamble('This is a multi-part message in MIME format.\r\n\r\n'),
  noPreamble: thePreamble(''),
  endTrimmed: theBody(body => `${body.trimEnd()}\r\n`),
  endExtended: message => `${message}\r\n\r\n`,

  footerAtEnd: message => message + footer,
  footerAsPart: message => {
    const { header, body } = split(message);
    const fields = header.match(field) ?? [];
    const content = fields.filter(text => /^content-/i.test(text)).join('');
    return `${fields.filter(text => !/^content-/i.test(text)).join('')}\
Content-Type: multipart/mixed; boundary="list"\r\n\r\n--list\r\n${content}\r\n${body}\r\n\
--list\r\nContent-Type: text/plain\r\n\r\n${footer}--list--\r\n`;
  },
  banner: message =>
    message.replace(/\r\ncontent-type: text\/plain[^]*?\r\n\r\n/i, '$&CAUTION: External mail.\r\n\r\n'),
  encodedAnew: eachEncoded(
    'quoted-printable',
    (header, body) =>
      header.replace(/quoted-printable/i, 'base64') +
      base64Lines(Buffer.from(fromQuotedPrintable(body), 'latin1').toString('base64')),
  ),
} satisfies Record<string, Change>;
