// Failures and the replies that tell them.
import { describe, expect, test } from 'vitest';
import { Failure, outcome } from '../../src/failure.js';

describe('a failure', () => {
  test('is told by its reply, with what is particular', () => {
    expect(new Failure('expired', 'billing since 2026-01-01').reply).toEqual({
      code: 451,
      text: '4.7.5 S/MIME certificate is expired: billing since 2026-01-01',
    });
    expect(new Failure('input-cut').reply.text).toBe('4.4.2 Connection lost before the end of the message');
  });

  test('becomes permanent where a rule asks for it; a permanent one stays what it is', () => {
    expect(new Failure('mismatch', '', true).reply).toEqual({
      code: 554,
      text: '5.7.5 S/MIME certificate does not name the sender',
    });
    expect(new Failure('bad-sender', '', true).reply.code).toBe(501);
  });

  test('is one line, whatever its detail is', () => {
    const { message, reply } = new Failure(
      'recipients-refused',
      '550 5.1.1 No such user,\r\n5.1.1 never was\n',
    );
    expect(message).toBe('Some recipients were refused: 550 5.1.1 No such user, 5.1.1 never was');
    expect(reply.text).toBe(`4.5.1 ${message}`);
  });

  test('is made of any error, without telling the client what broke', () => {
    const cause = new TypeError('password is undefined');
    const failure = Failure.from(cause);
    expect(failure).toMatchObject({ kind: 'internal', cause });
    expect(failure.reply).toEqual({ code: 451, text: '4.3.0 Internal error, try again later' });
    const own = new Failure('loop');
    expect(Failure.from(own)).toBe(own);
  });
});

describe('outcome', () => {
  test.each([
    [250, 'accepted'],
    [299, 'accepted'],
    [354, 'deferred'],
    [451, 'deferred'],
    [554, 'rejected'],
    [600, 'deferred'],
    [0, 'deferred'],
  ])('%i is %s: what nobody knows is tried again', (code, want) => {
    expect(outcome({ code, text: '' })).toBe(want);
  });
});
