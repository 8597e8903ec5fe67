// Each octet of the CMS changed in turn: what is good here is good for OpenSSL too.
import { beforeAll, expect, test } from 'vitest';
import { toLines } from '../../../src/mime/base64.js';
import type { Issued } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';
import { judge, opensslAccepts, signedBy, withCms } from './messages.js';

const pki = temporaryPki();
const root = pki.root.certificate;
let anna: Issued;

beforeAll(() => {
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
});

function withOpaqueCms(message: Buffer, change: (cms: Buffer) => Buffer): Buffer {
  const [header, base64] = message.toString('latin1').split('\r\n\r\n') as [string, string];
  return Buffer.from(`${header}\r\n\r\n${toLines(change(Buffer.from(base64, 'base64')))}\r\n`, 'latin1');
}

/** A prime, so that each kind of element has its turn. */
const step = 7;

test.each([
  ['clear', [], withCms],
  ['opaque', ['-nodetach'], withOpaqueCms],
] as const)(
  '%s',
  (_, options, change) => {
    const message = signedBy(anna, ...options);
    let length = 0;
    change(message, cms => {
      ({ length } = cms);
      return cms;
    });
    const fooled: string[] = [];
    for (let at = 0; at < length; at += step)
      for (const bits of [0x01, 0x80]) {
        const changed = change(message, cms => {
          cms[at]! ^= bits;
          return cms;
        });
        // OpenSSL, which costs a process, is asked only about what is good here.
        if (judge(changed, root).verdict.outcome === 'good' && !opensslAccepts(changed, root))
          fooled.push(`octet ${at} ^ ${bits}`);
      }
    expect(fooled).toEqual([]);
  },
  120_000,
);
