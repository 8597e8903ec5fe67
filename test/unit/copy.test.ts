// A copy that is not signed, where our field on top could change what stands below it.
import { expect, test } from 'vitest';
import { parsePatterns } from '../../src/rules/pattern.js';
import { chunks } from '../support/golden-chunks.js';
import { envelope, goldenIdentity, policyFor, runFilter } from '../support/golden-filter.js';

const policy = policyFor(await goldenIdentity('rsa'), {
  name: 'all',
  recipients: parsePatterns('*'),
});

test.each([
  [
    'white space first is body, and stays it',
    ' indented\r\nSubject: no\r\n',
    '\r\n indented\r\nSubject: no\r\n',
  ],
  ['also where that is all', '\tindented', '\r\n\tindented'],
  ['any other line ends the header itself', 'no field\r\n', 'no field\r\n'],
  ['an empty line does', '\r\n indented\r\n', '\r\n indented\r\n'],
])('a message without header: %s', async (_, message, want) => {
  for (const size of [1, message.length]) {
    const { deliveries } = await runFilter(
      chunks(Buffer.from(message), size),
      envelope('anna@example.com', ['bob@example.org']),
      { policy },
    );
    const got = deliveries[0]!.content.toString();
    expect(got.replace(/^Received: .*\r\n(?:\t.*\r\n)+?(?=\t.*\+0000\r\n)\t.*\r\n/, '')).toBe(want);
  }
});
