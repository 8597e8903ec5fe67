// Messages that are rarer, and legal or at least seen.
import { encoded, greeting, noise, text, type Sample } from './messages.js';

const inner = 'From: Bob <bob@example.org>\nSubject: Inner\nMIME-Version: 1.0\n';

/** A PGP/MIME part, with fields of its own and on the text that is signed. */
function signedPart(fields: string, textFields: string): string {
  return `Content-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512; boundary=pgp
${fields}
--pgp
${textFields}
Signed by Bob
--pgp
Content-Type: application/pgp-signature

-----BEGIN PGP SIGNATURE-----
iHUEABYKAB0WIQ
-----END PGP SIGNATURE-----
--pgp--
`;
}

export const rareSamples: readonly Sample[] = [
  {
    name: 'a forwarded message in 8-bit',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=fwd

--fwd

See below.
--fwd
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

${inner}${text}Content-Transfer-Encoding: 8bit

${greeting}
--fwd--
`,
  },
  {
    name: 'a forwarded message with trailing white space',
    content: `MIME-Version: 1.0
Content-Type: message/rfc822

${inner}${text}
-- 
Bob
`,
  },
  {
    name: 'a forwarded message with long and quoted lines',
    content: `MIME-Version: 1.0
Content-Type: message/rfc822

${inner}${text}
>From there on
${'w'.repeat(998)}
`,
  },
  {
    name: 'a signed message attached',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outside

--outside
Content-Type: message/rfc822

${inner}Content-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512; boundary=inside

--inside
Content-Type: text/plain

Signed by Bob
--inside
Content-Type: application/pgp-signature

-----BEGIN PGP SIGNATURE-----
iHUEABYKAB0WIQ
-----END PGP SIGNATURE-----
--inside--
--outside--
`,
  },
  {
    name: 'format=flowed',
    content: `MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii; format=flowed; delsp=yes

This line goes 
on here.
> a quotation 
> goes on

-- 
Anna
`,
  },
  {
    name: 'a raw file name',
    content: `MIME-Version: 1.0
Content-Type: application/pdf; name="Übersicht.pdf"
Content-Disposition: attachment; filename="Übersicht.pdf"
Content-Transfer-Encoding: base64

${encoded}
`,
  },
  {
    name: 'preamble and epilogue',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=between

From here on Präambel 
${'p'.repeat(1200)}
--between

One
--between--
From there on Epilog 
${'e'.repeat(1200)}
`,
  },
  {
    name: 'UTF-16',
    content: `MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-16le\n\nH\0i\0\n\0`,
  },
  { name: 'bare CR and NUL', content: `MIME-Version: 1.0\n${text}\none\rtwo\nthree\0four\n` },
  {
    name: 'boundaries that begin alike',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=like

--like
Content-Type: multipart/alternative; boundary=like2

--like2

One
--like2--

--like--
`,
  },
  {
    name: 'white space in part headers',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed;${' '}
\tboundary=folded

--folded
Content-Type: text/plain;${' '}
\tcharset=us-ascii\t
Content-Description:${' '}

One
--folded--
`,
  },
  {
    name: 'a long field on top',
    fields: `References: ${'<0123456789@example.com> '.repeat(60).trim()}\n`,
    content: '\nHello\n',
  },
  {
    name: 'a part header of 1200 octets in a line',
    opaque: true,
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=long

--long
Content-Type: text/plain; name="${'n'.repeat(1200)}"

One
--long--
`,
  },
  {
    name: 'a signed 8-bit message attached',
    opaque: true,
    content: `MIME-Version: 1.0
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

${inner}Content-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512; boundary=inside

--inside
${text}Content-Transfer-Encoding: 8bit

${greeting}
--inside
Content-Type: application/pgp-signature

-----BEGIN PGP SIGNATURE-----
iHUEABYKAB0WIQ
-----END PGP SIGNATURE-----
--inside--
`,
  },
  {
    name: 'odd fields on top',
    fields: 'Cc: \nReply-To: anna@example.com \nX-Folded: one\n\ttwo \n   three\nX-Raw: Grüße\n',
    content: '\nHello\n',
  },
  { name: 'lines of 998 octets', content: `\n${'y'.repeat(998)}\n${'z '.repeat(498)}zz\n` },
  {
    name: 'base64 in one line',
    content: `MIME-Version: 1.0
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

${noise}
`,
  },
  {
    name: 'base64 in lines of 64',
    content: `MIME-Version: 1.0
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

${noise.replace(/.{64}/g, '$&\n')}
`,
  },
  {
    name: 'parts without header or body',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=bare

--bare

no header
--bare
Content-Type: text/plain
--bare
--bare--
`,
  },
  {
    name: 'an empty part',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=empty

--empty
Content-Type: text/plain

--empty
Content-Type: text/csv; name=list.csv

one;1
--empty--
`,
  },
  {
    name: 'multiparts that end together',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=around

--around
Content-Type: multipart/alternative; boundary=within

--within

One
--within--
--around
Content-Type: text/csv; name=list.csv

one;1
--around--
`,
  },
  {
    name: 'no closing boundary',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=open

--open

One
--open

Two
`,
  },
  {
    name: 'labels of 8-bit on 7-bit content',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=labels
Content-Transfer-Encoding: binary

--labels
Content-Type: text/plain
Content-Transfer-Encoding: 7bit
Content-Transfer-Encoding: 8bit

One
--labels
Content-Type: image/png
Content-Transfer-Encoding: base64
Content-Transfer-Encoding: (now) Binary

AAAA
--labels
Content-Type: message/delivery-status
Content-Transfer-Encoding: 8bit

Reporting-MTA: dns; mail.example.org

--labels
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

${inner}Content-Type: multipart/mixed; boundary=forwarded
Content-Transfer-Encoding: 8bit

--forwarded
Content-Type: text/plain
Content-Transfer-Encoding: 8bit

Two
--forwarded--

--labels
Content-Type: text/plain
Content-Transfer-Encoding: 8bit
--labels--
`,
  },
  {
    name: 'a label of 8-bit on a multipart without boundary',
    content: `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=labels

--labels
Content-Type: multipart/mixed
Content-Transfer-Encoding: 8bit

No boundary
--labels--
`,
  },
  ...(
    [
      ['inside a signed part', signedPart('', text + 'Content-Transfer-Encoding: 8bit\n')],
      ['on a signed part', signedPart('Content-Transfer-Encoding: 8bit\n', text)],
      [
        'inside a signed message attached',
        `Content-Type: message/rfc822\n\n${inner}${signedPart('', text + 'Content-Transfer-Encoding:\n 8BIT\n')}`,
      ],
    ] as const
  ).map(([where, part]) => ({
    name: `a label of 8-bit ${where}`,
    opaque: true as const,
    content: `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=outside\n\n--outside\n${part}\n--outside--\n`,
  })),
];
