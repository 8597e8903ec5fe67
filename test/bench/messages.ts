// The messages that the benchmark sends. LF line ends: smtp-source takes them so.

export const signedSender = 'anna@example.com';
/** The same, each with something of its own. */
export const ecdsaSender = 'berta@example.com';
export const opaqueSender = 'carla@example.com';
export const protectedSender = 'dora@example.com';
/** A sender without a rule. */
export const unsignedSender = 'nobody@example.com';
export const recipient = 'kim@example.net';

export const KB = 1024;
export const MB = 1024 * 1024;

export type Kind = 'text' | '8-bit text' | 'attachment';

/** A whole message of so many octets, to within a few; counted with CRLF line ends. */
export function message(kind: Kind, size: number, from: string): string {
  const head = header(from);
  switch (kind) {
    case 'text':
      return fill(`${head}Content-Type: text/plain; charset=us-ascii\n\n`, asciiLine, '', size);
    case '8-bit text': {
      const start = `${head}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n`;
      return fill(start, eightBitLine, '', size);
    }
    case 'attachment':
      return fill(head + attachmentStart, base64Line, attachmentEnd, size);
  }
}

/** The same kind of message in pieces with CRLF line ends, for sizes that are not to be held in memory. */
export function* streamed(size: number, from: string): Generator<Buffer> {
  const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'));
  yield crlf(header(from) + attachmentStart);
  const piece = crlf(base64Line.repeat(800));
  for (let sent = 0; sent < size; sent += piece.length) yield piece;
  yield crlf(attachmentEnd);
}

function header(from: string): string {
  return `From: Anna Example <${from}>
To: Kim <${recipient}>
Subject: A message of the benchmark
Date: ${new Date().toUTCString().replace('GMT', '+0000')}
Message-ID: <bench.1@example.com>
MIME-Version: 1.0
`;
}

const asciiLine = 'The quick brown fox jumps over the lazy dog, and then once more all the way back.\n';
/** German prose: about 4 % of its octets are not ASCII. */
const eightBitLine = 'Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich, und dann wieder zurück.\n';
const base64Line = `${Buffer.from(Array.from({ length: 57 }, (_, i) => (i * 167) % 256)).toString('base64')}\n`;

const attachmentStart = `Content-Type: multipart/mixed; boundary="bench"

--bench
Content-Type: text/plain; charset=us-ascii

See the attachment.
--bench
Content-Type: application/pdf; name="bench.pdf"
Content-Disposition: attachment; filename="bench.pdf"
Content-Transfer-Encoding: base64

`;
const attachmentEnd = '--bench--\n';

/** Repeats the line between start and end up to the size; the last line is shorter. */
function fill(start: string, line: string, end: string, size: number): string {
  const room = size - wireSize(start) - wireSize(end);
  const whole = Math.floor(room / wireSize(line));
  const left = room - whole * wireSize(line);
  // A base64 line is only cut at groups of four characters.
  const last = left > 6 ? `${line.slice(0, Math.floor((left - 2) / 4) * 4)}\n` : '';
  return start + line.repeat(whole) + last + end;
}

function wireSize(text: string): number {
  return Buffer.byteLength(text) + text.split('\n').length - 1;
}
