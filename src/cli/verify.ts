// `postseal verify`: what a signed message consists of, who signed it, and whether that holds.
import { createReadStream } from 'node:fs';
import { addressesOf } from '../certs/certificate.js';
import { verify as verifyMessage } from '../verify/verify.js';
import { parseOptions, usageError } from './arguments.js';
import { CommandError, exit } from '../exit.js';
import { readRoots, systemRoots, systemStore, unreadable } from './roots.js';
import { toJson, toText } from './verify-report.js';

/** The whole message is in memory. */
const maxMegabytes = 256;

export const verifyHelp = `Usage: postseal verify [--ca FILE]... [--signature-only] [--json] [FILE]

Verifies the S/MIME signature of a message as a mail client would, and tells what the message consists of, who
signed it and with which attributes, each check with its result, and what clients or relays may dislike. The last
line is the verdict.

FILE is a message as a maildir or a client's "save as" has it, with LF or CRLF; without FILE, or with -, it is
standard input. At most ${maxMegabytes} MB: the message is held in memory, which takes up to ten times its size.

      --ca FILE         trust the roots in FILE (PEM, may be repeated) instead of those of the system
                        (${systemRoots}, or else those of Node.js)
      --signature-only  let the verdict be about the signature alone: not who issued the certificate, nor its
                        dates and usage, nor who From is
      --json            one JSON object for programs

From is named where there is one From field, and the certificate names every address in it; that it names Sender
(RFC 8550 §3) does not do. With a protected header (RFC 9788) From and Date are the signed ones: another From outside
is a wrong sender, another field outside is a warning. Octets behind the CMS, or certificates in it that cannot be
read, make it damaged; revocation lists in it are not looked at.

Whether a certificate was revoked is not looked up: nothing is asked of the network.

Exit status: 0 the signature is good, the signer is trusted, and From is named by its certificate (with
--signature-only: the signature is good); warnings do not change that. 65 anything else that a message can be:
changed, damaged, not signed, not trusted, from somebody else. 66 FILE cannot be read. 64 the command line is wrong.

  postseal sign < in.eml | postseal verify --ca company-root.pem
`;

export async function verify(args: readonly string[]): Promise<number> {
  const options = {
    ca: { type: 'string', multiple: true },
    'signature-only': { type: 'boolean' },
    json: { type: 'boolean' },
  } as const;
  const { values, positionals } = parseOptions('verify', args, options, true);
  if (positionals.length > 1) throw usageError('verify', 'only one FILE at a time');
  const trusted = values.ca ? await readRoots(values.ca) : await systemStore();
  const message = await readMessage(positionals[0] ?? '-');
  const report = verifyMessage(message, {
    trusted,
    now: new Date(),
    addressesOf,
    signatureOnly: values['signature-only'] === true,
  });
  process.stdout.write(values.json === true ? toJson(report) : toText(report));
  return report.verdict.outcome === 'good' ? exit.ok : exit.dataErr;
}

async function readMessage(file: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    const input = file === '-' ? process.stdin : createReadStream(file);
    for await (const chunk of input as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxMegabytes * 1_000_000)
        throw new CommandError(exit.dataErr, `${file}: over ${maxMegabytes} MB, which is not looked at`);
    }
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(file, error);
  }
  return Buffer.concat(chunks);
}
