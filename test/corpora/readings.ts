// Why another reader may see something else in a message than Postseal does: broken mail is read in several ways.

/**
 * What in a message mailsplit, our second opinion, reads otherwise than the norm.
 * @returns undefined where there is nothing of the kind, so that the two readers have to agree
 */
export function knownDisagreement(message: Buffer): string | undefined {
  const text = message.toString('latin1');
  const found = inFields.find(([pattern]) => pattern.test(text));
  if (found) return found[1];
  const boundaries = [...text.matchAll(/boundary\s*=\s*(?:"([^"\r\n]*)"|([^\s;"]+))/gi)];
  const delimiters = boundaries.flatMap(([, quoted, token]) => [`--${quoted ?? token!}`]);
  return brokenLine(text, new Set(delimiters.flatMap(d => [d, `${d}--`])));
}

const inFields: readonly (readonly [RegExp, string])[] = [
  // RFC 2045 §5.2 has it count as missing.
  [
    /^content-type[ \t]*:[^/\r\n]*(?:;|[\r\n]+(?![ \t]))/im,
    'Content-Type without a subtype, which mailsplit takes for a type',
  ],
  // RFC 2046 §5.1.5
  [
    /^content-type[ \t]*:[ \t]*multipart\/digest/im,
    'multipart/digest, whose parts mailsplit takes for text instead of messages',
  ],
  // RFC 6532 §3.7
  [
    /^content-type[ \t]*:[ \t]*message\/global/im,
    'message/global, which mailsplit does not know to be a message',
  ],
  // Not allowed, but not to be misunderstood either.
  [
    /^content-transfer-encoding[ \t]*:[ \t]*"/im,
    'Content-Transfer-Encoding in quotes, which mailsplit does not read',
  ],
];

function brokenLine(text: string, delimiters: ReadonlySet<string>): string | undefined {
  let inHeader = true;
  let messageFollows = false;
  let fields = 0;
  for (const line of text.split('\r\n')) {
    if (delimiters.has(line.trimEnd())) {
      // RFC 2046 §5.1.1 calls it transport-padding.
      if (/[ \t]$/.test(line)) return 'white space behind a delimiter, which mailsplit does not know';
      [inHeader, messageFollows, fields] = [true, false, 0];
    } else if (inHeader && line === '') {
      [inHeader, messageFollows, fields] = [messageFollows, false, 0];
    } else if (inHeader && !/^[!-9;-~]+[ \t]*:/.test(line) && (fields === 0 || !/^[ \t]/.test(line))) {
      // Postfix ends the header there too, and puts the empty line in.
      return 'line in a header that is no field, which mailsplit passes over';
    } else if (inHeader) {
      fields++;
      messageFollows ||= /^content-type[ \t]*:[ \t]*message\/rfc822/i.test(line);
    }
  }
  return undefined;
}
