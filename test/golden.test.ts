// Messages as files: NN-name.eml goes through the filter, NN-name.want is what comes out, octet for octet.
//
// NN-name.eml       the message as Postfix hands it over, with CRLF and whatever else is in it
// NN-name.envelope  optional: `MAIL FROM:<…>` and `RCPT TO:<…>` lines; else anna@example.com to bob@example.org
// NN-name.policy    optional: what is asked of the rule and the policy beyond the usual, as JSON
// NN-name.entity    what is signed, where .want has it in base64 (opaque form)
// NN-name.want      the message as the next hop gets it; where it gets none, the reply, which begins with its code
// NN-name.got       written where the two differ, removed again when they agree
//
// Clock, random octets and key are fixed (test/golden/rsa.pem), so the signature is the same each time. To accept
// the present output as right, after looking at it: UPDATE_GOLDEN=1 npx vitest run test/golden.test.ts, and read
// the diff.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Envelope } from '../src/envelope.js';
import type { Identity } from '../src/identity.js';
import { countHops } from '../src/received.js';
import { maxHeader, parseHeader } from '../src/mime/header.js';
import { parsePattern, parsePatterns } from '../src/rules/pattern.js';
import type { Policy, Rule } from '../src/rules/policy.js';
import { chunks } from './support/golden-chunks.js';
import {
  envelope,
  goldenClock,
  goldenDirectory,
  goldenIdentity,
  policyFor,
  ruleFor,
  runFilter,
  type Filtered,
} from './support/golden-filter.js';
import { readTree, signedEntity } from './support/golden-reader.js';
import { notSevenBit } from './support/golden-sign.js';

/** Where mailsplit, our second opinion, reads something else than we do, and why we stay with it. */
const otherOpinion: Record<string, string> = {
  '26-content-type-unreadable': 'takes `text` for a media type',
  '32-part-without-header': 'takes a line that is no field for a part of the header; Postfix does not',
  '33-part-without-body': 'takes the line end before a delimiter for the content of an empty part',
  '38-digest': 'does not know that parts of multipart/digest are messages',
  '112-encodings-odd': 'does not take `"BASE64"; x=y` for base64; it does once we have written it plainly',
  '114-forwarded-global': 'does not open message/global',
  '71-empty-line-forgotten': 'takes a line that is no field for a part of the header; Postfix does not',
};

const names = readdirSync(goldenDirectory)
  .filter(file => file.endsWith('.eml'))
  .map(file => file.slice(0, -'.eml'.length));
const file = (name: string, kind: string): string => join(goldenDirectory, `${name}.${kind}`);

let identity: Identity;

beforeAll(async () => {
  identity = await goldenIdentity('rsa');
});

/** The usual policy with the wishes of that case. */
function policyOf(name: string): Policy {
  const wishes: Partial<Policy> & { rule?: Partial<Rule> } = existsSync(file(name, 'policy'))
    ? (JSON.parse(readFileSync(file(name, 'policy'), 'utf8')) as typeof wishes)
    : {};
  const { rule, ...others } = wishes;
  const usual = policyFor(
    identity,
    { name: 'feature-phones', recipients: parsePatterns('*@docomo.example') },
    { name: 'newsletter', header: { name: 'List-Id', value: parsePattern('*news*') } },
    { name: 'pictures', contentTypes: parsePatterns('image/*') },
  );
  return { ...usual, rules: [ruleFor(identity, rule)], ...others };
}

/** What the next hop got, or the reply where it got nothing. */
async function run(name: string, pieces: readonly Buffer[]): Promise<{ result: Filtered; got: Buffer }> {
  const result = await runFilter(pieces, envelopeOf(name), { policy: policyOf(name) });
  const [delivery] = result.deliveries;
  return {
    result,
    got:
      delivery?.state === 'finished'
        ? delivery.content
        : Buffer.from(`${result.reply.code} ${result.reply.text}\n`),
  };
}

function envelopeOf(name: string): Envelope {
  if (!existsSync(file(name, 'envelope'))) return envelope('anna@example.com', ['bob@example.org']);
  const lines = readFileSync(file(name, 'envelope'), 'utf8').trim().split('\n');
  const [sender = '', ...parameters] = lines[0]!.replace('MAIL FROM:', '').split(' ');
  const inside = (path: string): string => path.slice(1, -1);
  return envelope(
    inside(sender),
    lines.slice(1).map(line => inside(line.replace('RCPT TO:', ''))),
    parameters,
  );
}

/** @returns the content that was verified; throws with OpenSSL's words if it does not verify */
function verify(message: Buffer): Buffer {
  const root = join(goldenDirectory, 'root.pem');
  const at = String(goldenClock.getTime() / 1000);
  return execFileSync('openssl', ['cms', '-verify', '-CAfile', root, '-attime', at], {
    input: message,
    stdio: 'pipe',
  });
}

test('every other file has its .eml', () => {
  const others = readdirSync(goldenDirectory).filter(f => /\.(?:want|envelope|policy|entity)$/.test(f));
  expect(others.filter(f => !names.includes(f.replace(/\.[^.]+$/, '')))).toEqual([]);
});

/** What is signed, where it cannot be read in the message itself. */
function opaqueEntity(got: Buffer): Buffer | undefined {
  return /^Content-Type: application\/pkcs7-mime; smime-type=signed-data/m.test(got.toString('latin1'))
    ? verify(got)
    : undefined;
}

/** A message as it came, but for what it asks of us. */
function withoutRequest(message: Buffer): string {
  const [header = '', ...body] = message.toString('latin1').split(/(?<=\n\r?\n)/);
  return [header.replace(/^X-Postseal-Sign[ \t]*:.*\r\n(?:[ \t].*\r\n)*/gim, ''), ...body].join('');
}

/** Compares with the file of that kind, or makes it so where that is asked for. */
function expectFile(name: string, kind: 'want' | 'entity', got: Buffer | undefined): void {
  if (process.env['UPDATE_GOLDEN'] === '1' && got) writeFileSync(file(name, kind), got);
  const want = existsSync(file(name, kind)) ? readFileSync(file(name, kind)) : undefined;
  if (kind === 'want' && got && want?.equals(got) !== true) writeFileSync(file(name, 'got'), got);
  expect(got?.toString('latin1')).toBe(want?.toString('latin1'));
}

describe.each(names)('%s', name => {
  const input = readFileSync(file(name, 'eml'));

  test('comes out as wanted, whole and in pieces of 1 and 7 octets', async () => {
    const { got } = await run(name, [input]);
    expectFile(name, 'want', got);
    rmSync(file(name, 'got'), { force: true });
    expectFile(name, 'entity', opaqueEntity(got));
    for (const size of [1, 7]) {
      const again = await run(name, chunks(input, size));
      expect(again.got.equals(got), `in pieces of ${size}`).toBe(true);
    }
  });

  test('says the same as before, in 7 bits and with a signature that verifies; or is untouched', async () => {
    const { result, got } = await run(name, [input]);
    if (/^(?:451|554) /.test(got.toString('latin1', 0, 4))) {
      expect(result.deliveries.filter(d => d.state === 'finished')).toEqual([]);
      return;
    }
    const head = parseHeader(got);
    expect(head[0]?.name).toBe('received');
    expect(countHops(head.slice(0, 1))).toBe(1);
    if (result.journal.some(line => line.includes('unsigned'))) {
      expect(got.toString('latin1', head[0]!.raw.length)).toBe(withoutRequest(input));
      return;
    }
    expect(result.journal.join('\n')).toContain('signed rule=staff certificate=rsa');
    const opaque = opaqueEntity(got);
    const entity = opaque ?? signedEntity(got);
    expect(notSevenBit(opaque ? got.subarray(got.indexOf('\r\n\r\n')) : entity)).toEqual([]);
    expect(verify(got).equals(entity)).toBe(true);
    const [after, before] = [await readTree(entity), await readTree(input)];
    if (name in otherOpinion) expect(after, 'no longer another opinion').not.toEqual(before);
    else expect(after).toEqual(before);
  });
});

test.each([
  ['a header', `X: ${'x '.repeat(maxHeader / 2)}\r\n\r\nbody\r\n`, '451 4.3.4 Header too large'],
  [
    'the header of a part',
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: ${'x\r\n '.repeat(maxHeader / 4)}\r\n\r\nbody\r\n--b--\r\n`,
    '250',
  ],
])('%s of more than a megabyte', async (_, rest, reply) => {
  const input = Buffer.from(`From: anna@example.com\r\n${rest}`);
  for (const pieces of [[input], chunks(input, 60_000)]) {
    const { result, got } = await run('01-plain-ascii', pieces);
    expect(`${result.reply.code} ${result.reply.text}`).toContain(reply);
    if (reply === '250') expect(signedEntity(got).equals(Buffer.from(rest))).toBe(true);
  }
});

test('with an EC key it verifies too; its signature differs each time', async () => {
  const name = names.find(n => n.includes('nested'))!;
  const ec = policyFor(await goldenIdentity('ec'));
  const { deliveries } = await runFilter([readFileSync(file(name, 'eml'))], envelopeOf(name), { policy: ec });
  const { content } = deliveries[0]!;
  expect(verify(content).equals(signedEntity(content))).toBe(true);
});
