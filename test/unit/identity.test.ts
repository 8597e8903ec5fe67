// Whom a certificate names, and when it is valid.
import { describe, expect, test } from 'vitest';
import { daysLeft, names, validity, type Identity } from '../../src/identity.js';
import { address, goldenIdentity } from '../support/golden-filter.js';

const dates = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-12-31T23:59:59Z') };
const identity: Identity = {
  ...(await goldenIdentity('rsa')),
  ...dates,
  addresses: [address('Anna@example.com'), address('anna@bücher.example')],
};

describe('names (R5, R6)', () => {
  test.each([
    ['anna@EXAMPLE.com', true],
    ['"anna"@example.com', true],
    ['anna@xn--bcher-kva.example', true],
    ['anna@mail.example.com', false],
    ['ann@example.com', false],
    ['anna', false],
  ])('%s: %s', (mailbox, want) => {
    expect(names(identity, address(mailbox))).toBe(want);
  });
});

test('names with exact case: the local part, never the domain (R5)', () => {
  const named = (mailbox: string): boolean => names(identity, address(mailbox), 'exact-case');
  expect([named('Anna@EXAMPLE.com'), named('anna@example.com')]).toEqual([true, false]);
});

describe('validity (R7): both ends belong to it', () => {
  test.each([
    ['2025-12-31T23:59:59Z', 'not yet valid', 364],
    ['2026-01-01T00:00:00Z', 'valid', 364],
    ['2026-12-31T23:59:59Z', 'valid', 0],
    ['2027-01-01T00:00:00Z', 'expired', -1],
  ])('%s: %s, %i days left', (at, want, days) => {
    expect(validity(identity, new Date(at))).toBe(want);
    expect(daysLeft(identity, new Date(at))).toBe(at.startsWith('2025') ? 365 : days);
  });
});
