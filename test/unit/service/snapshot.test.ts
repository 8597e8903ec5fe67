// What status tells of a certificate.
import { expect, test } from 'vitest';
import { certificateStates } from '../../../src/service/certificate-states.js';
import { certificateStatus } from '../../../src/service/snapshot.js';
import { installationOf } from './installations.js';

const now = new Date('2026-11-27T10:00:00Z');

test.each([
  [20, undefined],
  [21, 1],
  [1000, 980],
])('of %i rules the first twenty, and how many more there are', (count, more) => {
  const rules = Array.from(
    { length: count },
    (_, i) => `r${i}: certificate = a; sender = user${i}@example.com`,
  );
  const it = installationOf({ a: '- 2026-01-01 2026-12-01' }, rules);
  const status = certificateStatus(certificateStates(it, now)[0]!);
  expect(status.rules).toHaveLength(20);
  expect(status.missedBy).toEqual(status.rules);
  expect([status.moreRules, status.moreMissedBy]).toEqual([more, more]);
});
