// The message that `postseal test` makes: whose it is, and that it leaves signing something to do.
import { describe, expect, test } from 'vitest';
import { contentOf, parametersOf, senderFor } from '../../src/cli/virtual-message.js';
import type { Identity } from '../../src/identity.js';
import { parsePatterns } from '../../src/rules/pattern.js';
import type { Rule } from '../../src/rules/policy.js';
import { address, ruleFor } from '../support/golden-filter.js';

/** Of a rule only name and senders are looked at. */
const rule = (name: string, senders: string): Rule =>
  ruleFor({} as Identity, { name, senders: parsePatterns(senders) });

describe('the sender for a rule', () => {
  test.each([
    ['an exact address', 'a@example.com', '', 'a@example.com'],
    ['the first of several, wherever it stands', '*@example.com, a@example.com', '', 'a@example.com'],
    [
      'an address of its certificates that a wildcard matches',
      '*@example.com',
      'x@y.z, b@example.com',
      'b@example.com',
    ],
    [
      'one of its certificates for a regular expression',
      '/^[ab]@/',
      'c@example.com, b@example.com',
      'b@example.com',
    ],
    ['one made of a wildcard', '*@example.com', 'b@example.org', 'test@example.com'],
    ['one made of several', 'no-?*@*.example.com', '', 'no-xtest@test.example.com'],
    ['one for all addresses', '*', '', 'test@example.com'],
  ])('is %s', (_, senders, named, sender) => {
    const addresses = named === '' ? [] : named.split(', ').map(address);
    expect(senderFor(rule('r', senders), [], addresses)).toEqual({ sender: address(sender) });
  });

  test('is none that an earlier rule takes', () => {
    const earlier = [rule('first', 'a@example.com'), rule('second', '/^b@/')];
    const named = ['a@example.com', 'b@example.com', 'c@example.com'].map(address);
    expect(senderFor(rule('r', 'A@example.com, *@example.com'), earlier, named)).toEqual({
      sender: address('c@example.com'),
    });
    expect(senderFor(rule('r', 'b@example.com'), earlier, [])).toEqual({
      why: 'rule second takes b@example.com first; name another sender with --sender',
    });
  });

  test('cannot be guessed from a regular expression', () => {
    expect(senderFor(rule('r', '/^a@/'), [], [address('b@example.com')])).toEqual({
      why: 'no sender can be guessed from /^a@/; name one with --sender',
    });
  });
});

describe('the message', () => {
  const message = {
    rule: rule('r', '*'),
    sender: address('a@example.com'),
    recipient: address('b@example.net'),
  };
  const content = contentOf(message, {
    now: new Date('2026-11-24T10:30:00Z'),
    id: '1a2b',
    hostname: 'mail.example.com',
    requestHeader: 'X-Postseal-Sign',
  });

  test('is legal mail, with all that relays change', () => {
    const lines = content.toString('latin1').split('\r\n');
    expect(lines).toContain('Subject: Postseal test of rule r');
    expect(lines).toContain('Date: Tue, 24 Nov 2026 10:30:00 +0000');
    expect(content.toString('latin1')).not.toMatch(/(?<!\r)\n|\r(?!\n)/);
    const longest = Math.max(...lines.map(line => line.length));
    expect(longest).toBeGreaterThan(990);
    expect(longest).toBeLessThanOrEqual(998);
    for (const trouble of [/[\x80-\xff]/, / $/, /^From /, /^\./])
      expect(lines.some(line => trouble.test(line))).toBe(true);
  });

  test('says of itself what is in it', () => {
    expect(parametersOf(message)).toEqual(['BODY=8BITMIME']);
    expect(parametersOf({ ...message, sender: address('grüße@example.com') })).toContain('SMTPUTF8');
  });
});
