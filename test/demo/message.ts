// The message of the demo: 8-bit text, an HTML alternative, an attachment.

export const sender = 'anna@example.com';
export const recipient = 'kim@example.net';

/** With CRLF line ends. */
export function originalMessage(): Buffer {
  const table = 'Posten;Menge;Preis\r\nKäse, gereift;2;9,80 €\r\nBrötchen;12;5,40 €\r\n';
  const text = `From: Anna Example <${sender}>
To: Kim <${recipient}>
Subject: =?utf-8?q?Rechnung_f=C3=BCr_M=C3=A4rz?=
Date: ${new Date().toUTCString().replace('GMT', '+0000')}
Message-ID: <demo.${Date.now()}@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüß Gott, Kim,

anbei die Rechnung für März: 15,20 €. Merci, à bientôt!

-- 
Anna
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<p>Grüß Gott, Kim,</p>
<p>anbei die Rechnung für <b>März</b>: 15,20 €. <i>Merci, à bientôt!</i></p>
--inner--
--outer
Content-Type: text/csv; charset=utf-8
Content-Disposition: attachment; filename="rechnung.csv"
Content-Transfer-Encoding: base64

${Buffer.from(table).toString('base64').replace(/.{76}/g, '$&\n')}
--outer--
`;
  return Buffer.from(text.replaceAll('\n', '\r\n'));
}
