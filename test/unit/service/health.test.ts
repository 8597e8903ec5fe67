// What keeps the service from being ready, in sentences.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read.js';
import type { CertificateState } from '../../../src/service/certificate-states.js';
import { reasonsNotReady, unableRules } from '../../../src/service/health.js';

const certificate = (name: string, state: CertificateState['state']): CertificateState => ({
  name,
  section: 'certificates staff',
  addresses: [],
  rules: ['staff'],
  notBefore: new Date(0),
  notAfter: new Date(0),
  daysLeft: 0,
  missedBy: [],
  state,
});

const rulesThat = (sign: string) =>
  readConfig(
    'postseal.ini',
    `[certificates:staff]\ndirectory = staff\n[rule:staff]\nsender = *@example.com\ncertificates = staff\nsign = ${sign}\n`,
  ).config!.rules;

describe('a rule is unable to sign', () => {
  test.each<[string, CertificateState[], string | undefined]>([
    ['always', [], 'it has no certificate that can be used'],
    ['by-default', [certificate('billing', 'expired')], 'billing is expired'],
    ['on-request', [], undefined],
    ['never', [], undefined],
    ['always', [certificate('a', 'expired'), certificate('b', 'soon')], undefined],
    ['always', [certificate('a', 'valid')], undefined],
    [
      'always',
      [{ ...certificate('a', 'valid'), rules: ['other'] }],
      'it has no certificate that can be used',
    ],
    [
      'always',
      [certificate('a', 'not-yet-valid'), ...['b', 'c', 'd', 'e'].map(name => certificate(name, 'expired'))],
      'a is not yet valid, b is expired, c is expired and so on, 2 more',
    ],
  ])('sign = %s with %j: %s', (sign, certificates, why) => {
    expect(unableRules(rulesThat(sign), certificates).map(rule => rule.why)).toEqual(why ? [why] : []);
  });
});

test('every reason is told, and a service with none is ready', () => {
  const to = '127.0.0.1:10026';
  expect(reasonsNotReady({ stopping: false, unable: [], returnPort: { to, up: true } })).toEqual([]);
  const unable = [{ rule: 'invoices', why: 'billing is expired' }];
  const returnPort = { to, up: false, failure: 'connection refused' };
  expect(reasonsNotReady({ stopping: true, unable, returnPort })).toEqual([
    'The service is stopping.',
    'Rule invoices does not sign: billing is expired.',
    'The return port 127.0.0.1:10026 cannot be used: connection refused.',
  ]);
});
