// Awkward but honest messages, and their leaves decoded, to tell whether they are still the same.

/** LF line ends, as in a file that a program hands to sendmail. */
export interface Sample {
  readonly name: string;
  /** Further fields of the top header, which are not about the content. */
  readonly fields?: string;
  /** Signed in the opaque form whatever the rule says: it cannot be made 7-bit without damage (R15, R16). */
  readonly opaque?: true;
  /** Header fields of the content, and the body. */
  readonly content: string;
}

/** The field of most texts. */
export const text = 'Content-Type: text/plain; charset=utf-8\n';
export const greeting = 'Grüße aus Köln, à bientôt, до свидания, 再見\n';
/** 600 octets of everything, in base64. */
export const noise = Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 167) % 256)).toString('base64');
/** The same in lines of 76. */
export const encoded = noise.replace(/.{76}/g, '$&\n');

/** What a message may look like that is to be signed. */
export const samples: readonly Sample[] = [
  { name: 'no MIME fields', content: '\nHello\n' },
  { name: 'ASCII text', content: `MIME-Version: 1.0\n${text}\nHello\n\nworld\n` },
  {
    name: '8-bit text',
    content: `MIME-Version: 1.0\n${text}Content-Transfer-Encoding: 8bit\n\n${greeting}\n${greeting}`,
  },
  { name: '8-bit text that says nothing of it', content: `MIME-Version: 1.0\n${text}\n${greeting}` },
  {
    name: 'HTML alternative',
    content: `MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="alt=1"

--alt=1
${text}Content-Transfer-Encoding: 8bit

${greeting}
--alt=1
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<html><body><p>${greeting.trim()}</p></body></html>

--alt=1--
`,
  },
  {
    name: 'attachments',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=mix

A preamble.
--mix
Content-Type: multipart/alternative; boundary=alt

--alt
${text}Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe =
soft

--alt
Content-Type: text/html; charset=utf-8

<p>Hi</p>

--alt--

--mix
Content-Type: application/pdf; name="Rechnung.pdf"
Content-Disposition: attachment; filename="Rechnung.pdf"
Content-Transfer-Encoding: base64

${encoded}
--mix
Content-Type: text/csv; charset=iso-8859-1; name=list.csv
Content-Disposition: attachment; filename=list.csv
Content-Transfer-Encoding: 8bit

größe;1
--mix--
`,
  },
  {
    name: 'long lines',
    content: `MIME-Version: 1.0\n${text}\n${'word '.repeat(700)}end\n${'x'.repeat(2500)}\n`,
  },
  { name: 'dots at line starts', content: '\n.\n..\n.dot\n...three\nmiddle.\n.\n' },
  { name: 'an empty body', content: '\n' },
  { name: 'From lines', content: `MIME-Version: 1.0\n${text}\nFrom here\n\nFrom there on\n>From the past\n` },
  { name: 'trailing white space', content: '\nspaces   \ntabs\t\t\n-- \nsignature\n \n' },
  { name: 'empty lines at the end', content: '\nend\n\n\n\n' },
];

/** A whole message around a sample. `id` becomes the Message-ID, by which it is found again. */
export function compose(
  sample: Sample,
  { from, to, id, extra = '' }: { from: string; to: string; id: string; extra?: string },
): Buffer {
  const top = `From: Anna <${from}>
To: ${to}
Subject: ${sample.name}
Date: ${new Date().toUTCString().replace('GMT', '+0000')}
Message-ID: <${id}>
${sample.fields ?? ''}${extra}`;
  return Buffer.from(top + sample.content);
}

/** The bodies of all leaves, decoded, line ends LF; to be compared before and after signing. */
export function leaves(entity: Buffer): string[] {
  return decode(entity.toString('latin1').replaceAll('\r\n', '\n'));
}

function decode(entity: string): string[] {
  const empty = entity.startsWith('\n') ? 0 : entity.indexOf('\n\n') + 1;
  const header = entity.slice(0, empty).replace(/\n[ \t]+/g, ' ');
  const body = entity.slice(empty + 1);
  const boundary = /^content-type:\s*multipart\/.*boundary="?([^";\n]+)/im.exec(header)?.[1];
  if (boundary !== undefined) {
    const parts = `\n${body}`.split(`\n--${boundary}`);
    return parts.slice(1, -1).flatMap(part => decode(part.slice(1)));
  }
  switch (/^content-transfer-encoding:\s*(\S+)/im.exec(header)?.[1]?.toLowerCase()) {
    case 'base64':
      return [Buffer.from(body, 'base64').toString('latin1').replaceAll('\r\n', '\n')];
    case 'quoted-printable':
      return [
        body
          .replace(/=[ \t]*\n/g, '')
          .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
          .replaceAll('\r\n', '\n'),
      ];
    default:
      return [body];
  }
}
