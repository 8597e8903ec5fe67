// docs/interoperability.md, out of the very tables that the tests assert.
import type { DigestName } from '../../src/algorithms.js';
import type { Form } from '../../src/decision.js';
import { inabilities } from '../support/verifiers.js';
import { everyHop, type Hop } from './hop-cases.js';
import { everySample, everyScheme, everyVerifier, refusalsOfSamples, seenWith } from './interop-cases.js';

const digestTitles: Readonly<Record<DigestName, string>> = {
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
};

/** Remarks below a table, numbered as they come. */
class Remarks {
  private readonly texts: string[] = [];

  /** @returns the number of the remark, the same for the same text */
  number(text: string): string {
    if (!this.texts.includes(text)) this.texts.push(text);
    return `(${this.texts.indexOf(text) + 1})`;
  }

  toString(): string {
    return this.texts.map((text, i) => `- (${i + 1}) ${text}`).join('\n');
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function schemes(): string {
  const remarks = new Remarks();
  const rows = everyScheme.map(({ title, key, digests }) => {
    const words = { ...inabilities(key) };
    return [
      title,
      digests.map(digest => digestTitles[digest]).join(', '),
      ...everyVerifier.map(name => {
        const said = name === 'Bouncy Castle' ? undefined : words[name];
        return said === undefined ? 'yes' : `no ${remarks.number(`${name}: \`${said}\``)}`;
      }),
    ];
  });
  return `${table(['Signature', 'Digests', ...everyVerifier], rows)}\n\n${remarks.toString()}`;
}

function exceptions(): string {
  return Object.entries(refusalsOfSamples)
    .map(([sample, words]) => {
      const said = Object.entries(words).map(([name, text]) => `${name}: \`${text}\``);
      return `- ${sample}: ${said.join('; ')}`;
    })
    .join('\n');
}

function hops(): string {
  const remarks = new Remarks();
  const cell = (hop: Hop, form: Form): string => {
    const spoiled = hop.spoils[form];
    if (!spoiled) return 'yes';
    if (spoiled.samples === 'changed') return `no ${remarks.number(`${capital(spoiled.why)}.`)}`;
    return `not all ${remarks.number(`Not: ${spoiled.samples.join('; ')}. ${capital(spoiled.why)}.`)}`;
  };
  const rows = everyHop.map(hop => [hop.title, cell(hop, 'clear'), cell(hop, 'opaque')]);
  return `${table(['On the way', 'clear', 'opaque'], rows)}\n\n${remarks.toString()}`;
}

/** A paragraph in lines of 110. */
function paragraph(text: string): string {
  return text.replace(/(.{1,110})(?: |$)/g, '$1\n').trimEnd();
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The whole document. */
export function interoperability(): string {
  return `# Who verifies what Postseal signs, and what it survives

This page is written by \`npm run interop\`, which signs and verifies all that it tells of; \`npm test\` does so
with a part of it. Seen with ${seenWith}.

## Programs

NSS is what Thunderbird verifies with. Bouncy Castle is asked through its mail library, which also looks at
the path to the root and at From. Each program also refuses each message with one bit changed in what was
signed, and with one bit changed in the signature.

${schemes()}

A digest shorter than the curve is never used. Form (\`clear\` or \`opaque\`) and header protection make no
difference; nor does the kind of message:

${paragraph(`${everySample.map(({ name }) => name).join('; ')}.`)}

These alone are refused, in the clear form:

${exceptions()}

Bouncy Castle's mail library does not hash the message as it came: it parses the parts and writes them anew.

## On the way

Each of these messages was signed in both forms, went through what mail goes through, and was verified again
by OpenSSL, and one of them by all four.

${hops()}

Where partners get their mail through systems that change content, the opaque form is the one that survives;
readers without S/MIME cannot read it, though, and mailing lists that append text break it.
`;
}
